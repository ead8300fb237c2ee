#include "agent/small_layers.hpp"

#include "agent/registry/range.hpp"
#include "shared/crypto/hasher.hpp"
#include "shared/layer/swarm_name.hpp"
#include "shared/origin/origin.hpp"

namespace shoal::agent {
namespace {

constexpr std::string_view small_prefix = "/v1/small/";
constexpr std::string_view held_prefix = "/v1/held/";
constexpr Milliseconds begun_limit{1'500};     // for the size: who asks waits 2 s for the head
constexpr Milliseconds arriving_limit{8'000};  // for the bytes: who asks waits 10 s for them

http::Response plain(unsigned status, std::string text) {
  return {.status = status, .headers = {{"Content-Type", "text/plain"}}, .body = std::move(text), .length = {}};
}

http::Response head_of(const pull::Layer& layer, std::uint64_t length) {
  const std::string type = layer.content_type();
  return {.status = 200,
          .headers = {{"Content-Type", type.empty() ? "application/octet-stream" : type}},
          .body = {},
          .length = length};
}

}  // namespace

bool SmallLayers::allowed(const std::string& authorization, const Digest& digest) const {
  for (const auto& link : trackers_.all()) {
    if (!link->welcomed()) continue;  // also while it is away
    const std::string proof = "Shoal " + small_layer_proof(link->welcome().swarm_key, digest);
    if (equal_in_constant_time(bytes_of(proof), bytes_of(authorization))) return true;
  }
  return false;
}

Task<void> SmallLayers::handle(http::Exchange& exchange) {
  const http::Request& request = exchange.request();
  const std::string_view path = request.path;
  const bool is_held = path.starts_with(held_prefix);
  const std::string_view prefix = is_held ? held_prefix : small_prefix;
  const auto digest = Digest::parse(path.starts_with(prefix) ? path.substr(prefix.size()) : std::string_view());
  const std::string authorization = http::find_header(request.headers, "Authorization").value_or("");
  if (!digest || request.method != "GET") {
    co_await exchange.respond(plain(404, "only GET of /v1/small/<digest> and /v1/held/<digest>\n"));
  } else if (!allowed(authorization, *digest)) {
    co_await exchange.respond(plain(403, "no proof of the swarm key\n"));
  } else if (is_held) {
    co_await give_held(exchange, *digest);
  } else {
    co_await give_small(exchange, *digest);
  }
}

// The head goes at once, also while the layer is still on its way here: who asks tells by it that this node is alive,
// and need not turn to another one, whose link it would share.
Task<void> SmallLayers::give_small(http::Exchange& exchange, Digest digest) {
  const auto layer = co_await pulls_.find_begun(digest, begun_limit);
  if (!layer || layer->size() > origin::largest_manifest) {
    co_await exchange.respond(plain(404, "not held\n"));
    co_return;
  }
  const std::uint64_t size = layer->size().value;
  http::Response head = head_of(*layer, size);
  const Result<void> started = co_await exchange.start(std::move(head));
  if (!started) co_return;
  const auto whole = co_await layer->readable_within(size, arriving_limit);
  if (!whole) co_return;  // the connection ends early
  const auto all = co_await layer->readable(0);
  if (!all || all->length() != size) co_return;
  http::FileSpan span{all->file(), all->file()->descriptor(), all->offset(), all->length()};
  co_await exchange.send(std::move(span));
}

Task<void> SmallLayers::give_held(http::Exchange& exchange, Digest digest) {
  const auto layer = pulls_.find_held(digest);
  if (!layer) {
    co_await exchange.respond(plain(404, "not held\n"));
    co_return;
  }
  if (giving_held_ >= most_held_at_once) {
    co_await exchange.respond(plain(503, "too many layers are being given at once\n"));
    co_return;
  }
  ++giving_held_;
  const std::shared_ptr<void> place(nullptr, [this](void*) { --giving_held_; });
  const std::uint64_t size = layer->size().value;
  const auto range = registry::choose_range(http::find_header(exchange.request().headers, "Range"), size, true);
  http::Response head = head_of(*layer, range.span.end - range.span.first);
  head.status = range.status;
  if (range.status != 200) head.headers.push_back({"Content-Range", registry::content_range(range, size)});
  if (range.status == 416) {
    co_await exchange.respond(std::move(head));
    co_return;
  }
  const Result<void> started = co_await exchange.start(std::move(head));
  if (!started) co_return;
  const auto bytes = co_await layer->readable(range.span.first);
  if (!bytes) co_return;
  http::FileSpan span{bytes->file(), bytes->file()->descriptor(), bytes->offset(), range.span.end - range.span.first};
  co_await exchange.send(std::move(span));
}

}  // namespace shoal::agent
