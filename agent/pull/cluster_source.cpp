#include "agent/pull/cluster_source.hpp"

#include "agent/pull/space.hpp"

namespace shoal::agent::pull {
namespace {

// A link that goes down shortens the wait for the swarm, and wakes nothing: it is looked at this often.
constexpr Milliseconds link_check{250};

}  // namespace

Task<Result<void>> ClusterSource::fill(SharedDownload download) {
  Result<void> filled = fail(ErrorKind::unavailable, "no tracker is connected");
  std::vector<std::pair<link::TrackerLink*, std::uint64_t>> asked;  // each with its memory's epoch
  while (asked.size() < limits_.trackers_asked) {
    link::TrackerLink* link = parts_.trackers.owner_of(download->ask().digest);
    if (!link) break;
    const std::pair candidate{link, link->welcome().epoch};
    if (std::ranges::find(asked, candidate) != asked.end()) break;
    asked.push_back(candidate);
    filled = co_await fill_from(download, link);
    if (filled || filled.error().kind != ErrorKind::unavailable) break;
  }
  co_return filled;
}

Task<Result<void>> ClusterSource::fill_from(SharedDownload download, link::TrackerLink* link) {
  const Ask& ask = download->ask();
  memberships_.leave(ask.digest);  // of an attempt before
  const auto answer = co_await link->join(join_message(ask), limits_.join, limits_.patience.origin_wait);
  Result<void> filled;
  if (!answer) {
    filled = tl::unexpected(answer.error());
  } else if (const auto* refused = std::get_if<control::Refused>(&*answer)) {
    filled = tl::unexpected(error_of(*refused));
  } else {
    control::Joined joined = std::get<control::Joined>(*answer);
    filled = co_await fill_joined(download, link, std::move(joined));
  }
  if (!filled && !memberships_.contains(ask.digest)) link->send(control::Leave{ask.digest});
  co_return filled;
}

Task<Result<void>> ClusterSource::fill_joined(SharedDownload download, link::TrackerLink* link,
                                              control::Joined joined) {
  // A correct tracker has gone on to the next generation by then.
  if (download->attempt().disproved == joined.generation)
    co_return fail(ErrorKind::unavailable, "the tracker still seeds the generation whose bytes proved wrong");
  const Result<void> agreed = agree(*download, joined);
  if (!agreed) co_return agreed;
  if (!link->up()) co_return fail(ErrorKind::unavailable, "the tracker disconnected");
  const bool is_small = !joined.holders.empty();
  Result<void> filled;
  if (is_small) {
    filled = co_await holders_.fill(download, link, std::move(joined));
  } else {
    filled = co_await fill_from_swarm(download, link, std::move(joined));
  }
  co_return filled;
}

// The tracker's size must be that of the manifest, its piece length that of the protocol.
Result<void> ClusterSource::agree(Download& download, const control::Joined& joined) {
  const ByteCount most = download.ask().kind == origin::Kind::manifest ? origin::largest_manifest : largest_layer;
  if (joined.size_bytes > most.value) return fail(ErrorKind::refused, "the tracker's size is out of bounds");
  const PieceLayout layout(ByteCount{joined.size_bytes});
  if (joined.piece_length_bytes != layout.piece_length().value)
    return fail(ErrorKind::refused, "piece length mismatch between the tracker and this node");
  if (!download.begun()) {
    const Result<void> space = reserve_space(parts_, download, layout.layer_size());
    if (!space) return space;
  }
  if (download.layout().layer_size() != layout.layer_size())
    return fail(ErrorKind::refused, "size mismatch between the tracker and the manifest");
  if (download.content_type().empty()) download.set_content_type(joined.content_type);
  return {};
}

// The link is up. The membership receives the tracker's messages while pieces are being read, and its disconnect.
Task<Result<void>> ClusterSource::fill_from_swarm(SharedDownload download, link::TrackerLink* link,
                                                  control::Joined joined) {
  Membership& entered = memberships_.enter(download, *link, joined.generation);
  entered.connect(joined.peers);
  const Result<void> resumed = co_await download->resume(joined.generation);
  Result<void> filled = join_swarm(*download, resumed);
  if (filled) filled = co_await watch(download);
  if (Membership* membership = memberships_.find(*download)) {
    if (filled) {
      membership->mark_filled();
    } else {
      memberships_.leave(download->ask().digest);
    }
  }
  co_return filled;
}

Result<void> ClusterSource::join_swarm(Download& download, const Result<void>& resumed) {
  Membership* membership = memberships_.find(download);
  if (!membership) return fail(ErrorKind::unavailable, "the swarm was left");
  if (!resumed) return tl::unexpected(storage_error(resumed.error()));
  if (const auto& ended = membership->fetching()->ended) return tl::unexpected(*ended);
  const Arrival& arrival = download.arrival();
  memberships_.join(*membership, {.name = {},
                                  .role = swarm::Role::fetch,
                                  .file = arrival.file(),
                                  .have = arrival.proven(),
                                  .hashes = PieceHashes(download.layout()),
                                  .tracker_key = {},
                                  .events = {},
                                  .unproven = arrival.unproven()});
  return {};
}

// Until the download is filled, or the swarm sends nothing any more.
Task<Result<void>> ClusterSource::watch(SharedDownload download) {
  Time reported = parts_.clock.now();
  for (;;) {
    Membership* membership = memberships_.find(*download);
    if (!membership) co_return fail(ErrorKind::unavailable, "the swarm failed on this node");
    if (download->filled()) co_return Result<void>{};
    if (const auto& ended = membership->fetching()->ended) co_return tl::unexpected(*ended);
    const Time now = parts_.clock.now();
    if (membership->patience().expired(now, state_of(*membership->identity().link)))
      co_return fail(ErrorKind::unavailable, "the swarm makes no progress");
    if (now - reported > limits_.progress) {
      membership->report();
      reported = now;
    }
    co_await download->changed().wait_for(parts_.clock, link_check);
  }
}

LinkState ClusterSource::state_of(const link::TrackerLink& link) const {
  if (link.up()) return LinkState::up;
  return parts_.trackers.any_up() ? LinkState::other_up : LinkState::none_up;
}

}  // namespace shoal::agent::pull
