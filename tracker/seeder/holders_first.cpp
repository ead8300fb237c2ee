#include "tracker/seeder/holders_first.hpp"

#include "shared/holder/protocol.hpp"
#include "shared/log/log.hpp"
#include "shared/origin/layer_stream.hpp"

namespace shoal::tracker {
Task<Result<std::unique_ptr<origin::LayerStream>>> HoldersFirst::open(origin::Repository repository, origin::Kind kind,
                                                                      Digest digest, std::uint64_t from) {
  if (from > 0 && givers_.empty()) is_continued_ = true;
  while (!holders_.empty()) {
    const control::Endpoint holder = holders_.front();
    holders_.pop_front();
    auto stream = co_await open_at(holder, digest, from);
    log::info("tracker", stream ? "reading a layer from an agent" : "an agent does not give a layer",
              {{"digest", digest.text()}, {"node", holder.node}, {"from_byte", from}});
    if (!stream) continue;
    holder_ = holder;
    co_return std::move(*stream);
  }
  holder_.reset();
  auto stream = co_await origin_.open(std::move(repository), kind, digest, from);
  co_return stream;
}

void HoldersFirst::gave_bytes() {
  if (holder_ && (givers_.empty() || givers_.back() != *holder_)) givers_.push_back(*holder_);
}

std::optional<control::Endpoint> HoldersFirst::only_giver() const {
  if (is_continued_ || givers_.size() != 1) return std::nullopt;
  return givers_.front();
}

Task<Result<std::unique_ptr<origin::LayerStream>>> HoldersFirst::open_at(control::Endpoint holder, Digest digest,
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

}  // namespace shoal::tracker
