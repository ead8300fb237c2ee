#include "tracker/seeder/peers_then_origin.hpp"

#include "shared/holder/protocol.hpp"
#include "shared/http/client.hpp"
#include "shared/log/log.hpp"
#include "shared/origin/layer_stream.hpp"

namespace shoal::tracker::seeder {

Task<Result<std::unique_ptr<origin::LayerStream>>> PeersThenOrigin::open(std::uint64_t from) {
  if (from > 0 && senders_.empty()) is_continued_ = true;
  while (!holders_.empty()) {
    const control::Endpoint holder = holders_.front();
    holders_.pop_front();
    auto stream = co_await open_at(holder, from);
    const std::string digest = request_.digest.text();
    if (!stream) {
      log::info("seeder", "held layer not served",
                {{"digest", digest},
                 {"image", request_.image()},
                 {"node", holder.node},
                 {"cause", stream.error().what}});
      continue;
    }
    log::info("seeder", "reading a layer from an agent",
              {{"digest", digest}, {"image", request_.image()}, {"node", holder.node}, {"from_byte", from}});
    holder_ = holder;
    co_return std::move(*stream);
  }
  holder_.reset();
  origin::LayerQuestion question{request_.repository, request_.kind, request_.digest, request_.authorization, size_};
  if (!size_ && request_.size_hint_bytes != 0) question.size = ByteCount{request_.size_hint_bytes};
  auto stream = co_await parts_.source.open(std::move(question), from);
  parts_.metrics.origin_requests.add();
  co_return stream;
}

Task<void> PeersThenOrigin::received(ByteCount all, ByteCount fresh) {
  if (holder_) {
    parts_.metrics.agents_received_bytes.add(all.value);
    const bool is_known = !senders_.empty() && senders_.back() == *holder_;
    if (fresh.value > 0 && !is_known) senders_.push_back(*holder_);
  } else {
    parts_.metrics.origin_received_bytes.add(all.value);
    co_await parts_.pace.spend(all);
  }
}

std::optional<control::Endpoint> PeersThenOrigin::sole_holder() const {
  if (is_continued_ || senders_.size() != 1) return std::nullopt;
  return senders_.front();
}

Task<Result<std::unique_ptr<origin::LayerStream>>> PeersThenOrigin::open_at(control::Endpoint holder,
                                                                         std::uint64_t from) {
  auto request = holder::held_request({holder.host, holder.port}, parts_.keys.swarm, request_.digest, from);
  auto response = co_await http::request(parts_.clock, std::move(request));
  if (!response) co_return tl::unexpected(response.error());
  const unsigned status = (*response)->status();
  if (status != 200 && status != 206)
    co_return fail(ErrorKind::unavailable, holder.node + " answers " + std::to_string(status));
  auto stream = origin::make_layer_stream(std::move(*response), from);
  const bool is_other = stream && size_ && (*stream)->size() != *size_;
  if (is_other) co_return fail(ErrorKind::unavailable, holder.node + " names another size");
  co_return stream;
}

}  // namespace shoal::tracker::seeder
