#include "tracker/seeder/peers_then_origin.hpp"

#include "shared/holder/protocol.hpp"
#include "shared/log/log.hpp"
#include "shared/origin/layer_stream.hpp"

namespace shoal::tracker::seeder {

Task<Result<std::unique_ptr<origin::LayerStream>>> PeersThenOrigin::open(origin::Repository repository,
                                                                         origin::Kind kind, Digest digest,
                                                                         std::uint64_t from) {
  if (from > 0 && senders_.empty()) is_continued_ = true;
  while (!holders_.empty()) {
    const control::Endpoint holder = holders_.front();
    holders_.pop_front();
    auto stream = co_await open_at(holder, digest, from);
    const std::string image = repository.upstream + "/" + repository.name;
    if (!stream) {
      log::info("seeder", "an agent does not serve a held layer",
                {{"digest", digest.text()}, {"image", image}, {"node", holder.node}, {"cause", stream.error().what}});
      continue;
    }
    log::info("seeder", "reading a layer from an agent",
              {{"digest", digest.text()}, {"image", image}, {"node", holder.node}, {"from_byte", from}});
    holder_ = holder;
    co_return std::move(*stream);
  }
  holder_.reset();
  auto stream = co_await origin_.open(std::move(repository), kind, digest, from);
  co_return stream;
}

void PeersThenOrigin::mark_used() {
  if (holder_ && (senders_.empty() || senders_.back() != *holder_)) senders_.push_back(*holder_);
}

std::optional<control::Endpoint> PeersThenOrigin::sole_holder() const {
  if (is_continued_ || senders_.size() != 1) return std::nullopt;
  return senders_.front();
}

Task<Result<std::unique_ptr<origin::LayerStream>>> PeersThenOrigin::open_at(control::Endpoint holder, Digest digest,
                                                                         std::uint64_t from) {
  auto request = holder::held_request({holder.host, holder.port}, key_, digest, from);
  auto response = co_await http::request(std::move(request));
  if (!response) co_return tl::unexpected(response.error());
  const unsigned status = (*response)->status();
  if (status != 200 && status != 206) {
    co_return fail(ErrorKind::unavailable, holder.node + " answers " + std::to_string(status));
  }
  auto stream = origin::make_layer_stream(std::move(*response), from);
  co_return stream;
}

}  // namespace shoal::tracker::seeder
