#include "agent/small_layers.hpp"

#include "shared/crypto/hasher.hpp"
#include "shared/layer/swarm_name.hpp"
#include "shared/origin/origin.hpp"

namespace shoal::agent {
namespace {

constexpr std::string_view prefix = "/v1/small/";
constexpr Milliseconds arriving_limit{1'500};  // whoever asks turns to the next one after 2 s

http::Response plain(unsigned status, std::string text) {
  return {.status = status, .headers = {{"Content-Type", "text/plain"}}, .body = std::move(text), .length = {}};
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
  const auto digest = Digest::parse(path.starts_with(prefix) ? path.substr(prefix.size()) : std::string_view());
  const std::string authorization = http::find_header(request.headers, "Authorization").value_or("");
  if (!digest || request.method != "GET") {
    co_await exchange.respond(plain(404, "only GET /v1/small/<digest>\n"));
    co_return;
  }
  if (!allowed(authorization, *digest)) {
    co_await exchange.respond(plain(403, "no proof of the swarm key\n"));
    co_return;
  }
  const auto layer = co_await pulls_.find_whole(*digest, arriving_limit);
  if (!layer || layer->size() > origin::largest_manifest) {
    co_await exchange.respond(plain(404, "not held\n"));
    co_return;
  }
  const auto all = co_await layer->readable(0);
  if (!all || all->length() != layer->size().value) {
    co_await exchange.respond(plain(404, "not held\n"));
    co_return;
  }
  const std::string type = layer->content_type();
  http::Response head{.status = 200,
                      .headers = {{"Content-Type", type.empty() ? "application/octet-stream" : type}},
                      .body = {},
                      .length = layer->size().value};
  const Result<void> started = co_await exchange.start(std::move(head));
  if (!started) co_return;
  http::FileSpan span{all->file(), all->file()->descriptor(), all->offset(), all->length()};
  co_await exchange.send(std::move(span));
}

}  // namespace shoal::agent
