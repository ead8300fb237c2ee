#include "tracker/seeder/holders_first.hpp"

#include "shared/log/log.hpp"
#include "shared/origin/layer_stream.hpp"

namespace shoal::tracker {
namespace {

constexpr Milliseconds connect_limit{1'000};  // a network may not let the tracker reach agents: the origin waits behind
constexpr Milliseconds holder_limit{2'000};   // for its head, and for further bytes
// 100 KiB/s: everybody in the cluster waits for this one agent, and whoever comes next goes on from the same byte.
constexpr Milliseconds trickle_limit{5'000};
constexpr ByteCount least_in_trickle = 512_KiB;

}  // namespace

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

http::ClientRequest HoldersFirst::request_to(const control::Endpoint& holder, const Digest& digest,
                                             std::uint64_t from) const {
  http::ClientRequest request;
  request.url = http::Url{"http", holder.host, holder.port, "/v1/held/" + digest.text()};
  request.headers = {{"Authorization", "Shoal " + small_layer_proof(key_, digest)}};
  if (from > 0) request.headers.push_back({"Range", "bytes=" + std::to_string(from) + "-"});
  request.limits = {.connect = connect_limit,
                    .headers = holder_limit,
                    .silence = holder_limit,
                    .trickle = trickle_limit,
                    .least = least_in_trickle};
  return request;
}

Task<Result<std::unique_ptr<origin::LayerStream>>> HoldersFirst::open_at(control::Endpoint holder, Digest digest,
                                                                         std::uint64_t from) {
  auto request = request_to(holder, digest, from);
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
