#include "agent/small_layers.hpp"

#include "agent/registry/range.hpp"
#include "shared/holder/serve.hpp"

namespace shoal::agent {

// Of all trackers that have welcomed this node, also of those that are away now: their agents may ask all the same.
std::vector<SwarmKey> SmallLayers::keys() const {
  std::vector<SwarmKey> keys;
  for (const auto& link : trackers_.all()) {
    if (link->welcomed()) keys.push_back(link->welcome().swarm_key);
  }
  return keys;
}

Task<void> SmallLayers::handle(http::Exchange& exchange) {
  auto question = holder::parse(exchange.request(), keys());
  if (!question) {
    co_await exchange.respond(std::move(question.error()));
  } else if (question->resource == holder::Resource::held) {
    co_await serve_held(exchange, *question);
  } else {
    co_await serve_small(exchange, *question);
  }
}

// The head goes at once, also while the layer is still arriving: it shows that this node is alive. The caller then waits
// instead of asking another node, whose link it would share.
Task<void> SmallLayers::serve_small(http::Exchange& exchange, holder::Question question) {
  if (question.is_hedged && sends_.is_busy(clock_.now())) {
    co_await exchange.respond(holder::too_many());
    co_return;
  }
  const auto layer = co_await pulls_.find_begun(access::Granted::of_cluster(question), holder::limits.serving.size);
  if (!layer || layer->size() > holder::largest_small) {
    co_await exchange.respond(holder::not_held());
    co_return;
  }
  const ByteCount size = layer->size();
  http::Response head = holder::head(layer->content_type(), size);
  if (!layer->held()) holder::mark_arriving(head);
  exchange.limit_send_buffer(holder::limits.serving.small_send_buffer);
  const Result<void> started = co_await exchange.start(std::move(head));
  if (!started) co_return;
  const Result<void> verified = co_await layer->verified_within(holder::limits.serving.arriving);
  if (!verified) co_return;  // the connection ends early
  auto all = co_await layer->readable(0);
  if (!all || all->length() != size.value) co_return;
  auto send = sends_.begin(exchange.request().client, clock_.now());
  co_await holder::send_file(exchange, std::move(*all), size);
  co_await holder::let_leave(sends_, std::move(send), size, clock_);
}

Task<void> SmallLayers::serve_held(http::Exchange& exchange, holder::Question question) {
  const auto layer = pulls_.find_held(access::Granted::of_cluster(question));
  if (!layer) {
    co_await exchange.respond(holder::not_held());
    co_return;
  }
  const auto slot = held_slots_.take();
  if (!slot) {
    co_await exchange.respond(holder::too_many());
    co_return;
  }
  const std::uint64_t size = layer->size().value;
  auto range = registry::choose_range(http::find_header(exchange.request().headers, "Range"), size, true);
  if (range.spans.size() > 1) range = {200, {{0, size}}};  // a node asks for one
  const registry::Span span = range.spans.empty() ? registry::Span{} : range.spans.front();
  const ByteCount length{span.length()};
  http::Response head = holder::head(layer->content_type(), length);
  head.status = range.status;
  if (range.status != 200) head.headers.push_back({"Content-Range", registry::content_range(range, size)});
  if (range.status == 416) {
    co_await exchange.respond(std::move(head));
    co_return;
  }
  const Result<void> started = co_await exchange.start(std::move(head));
  if (!started) co_return;
  auto bytes = co_await layer->readable(span.first);
  if (bytes) co_await holder::send_file(exchange, std::move(*bytes), length);
}

}  // namespace shoal::agent
