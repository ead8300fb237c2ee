#include "agent/pull/cluster_source.hpp"

#include "agent/pull/possession.hpp"
#include "agent/pull/space.hpp"
#include "shared/log/log.hpp"

namespace shoal::agent::pull {
namespace {

// A link that goes down shortens the wait for the swarm, and wakes nothing: it is looked at this often.
constexpr Milliseconds link_check{250};
// The same, while the seeder is known to be out of reach: the pull is not to notice it.
constexpr Milliseconds seeder_check{10};
// Peers that were named so long before the end could have been connected.
constexpr Milliseconds peers_connect{1'000};
// Then a pull asks whether its tracker is still there. Pieces of a busy swarm come closer together.
constexpr Milliseconds quiet{500};

}  // namespace

Task<Result<void>> ClusterSource::fill(SharedDownload download, SharedAsker asker) {
  Result<void> filled = fail(ErrorKind::unavailable, "no tracker is connected");
  std::vector<std::pair<link::TrackerLink*, std::uint64_t>> asked;  // each with its memory's epoch
  while (asked.size() < limits_.trackers_asked) {
    link::TrackerLink* link = parts_.trackers.owner_of(asker->ask.digest);
    if (!link) break;
    if (!download->askers().fills(*asker)) co_return tl::unexpected(overtaken());
    const std::pair candidate{link, link->welcome().epoch};
    if (std::ranges::find(asked, candidate) != asked.end()) break;
    asked.push_back(candidate);
    filled = co_await fill_from(download, asker, link);
    if (filled || filled.error().kind != ErrorKind::unavailable) break;
  }
  co_return filled;
}

Task<Result<void>> ClusterSource::fill_from(SharedDownload download, SharedAsker asker, link::TrackerLink* link) {
  const Ask& ask = asker->ask;
  memberships_.leave(ask.digest);  // of an attempt before
  const Time asked = parts_.clock.now();
  // Once its size is named, the caller's head does not wait for the layer.
  const Milliseconds paced = ask.size_hint ? limits_.patience.paced_body : limits_.patience.paced_head;
  const Milliseconds fetched = ask.size_hint ? control::timing::own_fetch_wait : limits_.patience.paced_head;
  const link::JoinLimits limits{limits_.join, limits_.patience.origin_wait, paced, fetched};
  const control::Want want = want_of(*download, *link);
  control::Join question = join_message(ask, want, *link);
  const auto answer = co_await link->join(std::move(question), limits);
  parts_.metrics.outcomes.tracker_wait.observe(parts_.clock.now() - asked);
  Result<void> filled;
  if (!answer) {
    filled = tl::unexpected(answer.error());
  } else if (const auto* refused = std::get_if<control::Refused>(&*answer)) {
    filled = tl::unexpected(error_of(*refused));
    if (want == control::Want::of_agents && filled.error().kind == ErrorKind::not_found) {
      parts_.metrics.reach.unreached_seeders.add();
      filled = fail(ErrorKind::refused, "the seeder cannot be reached, and no agent holds the layer");
    }
  } else {
    From from{std::move(asker), link, std::get<control::Joined>(*answer)};
    from.took = std::chrono::duration_cast<Milliseconds>(parts_.clock.now() - asked);
    filled = co_await fill_joined(download, std::move(from));
  }
  if (!filled && !memberships_.contains(ask.digest)) link->send(control::Leave{ask.digest});
  co_return filled;
}

Task<Result<void>> ClusterSource::fill_joined(SharedDownload download, From from) {
  Askers& askers = download->askers();
  const control::Joined& joined = from.joined;
  const Ask& ask = from.asker->ask;
  if (!askers.fills(*from.asker)) co_return tl::unexpected(overtaken());
  // A correct tracker has gone on to the next generation by then.
  if (download->attempt().disproved == joined.generation)
    co_return fail(ErrorKind::unavailable, "the tracker still seeds the generation whose bytes proved wrong");
  const Result<void> agreed = agree(*download, ask, joined);
  if (!agreed) co_return agreed;
  note_source(*download, source_of(joined, ask));
  askers.note_size_of(ask.repository.upstream);
  askers.note_answer();
  download->changed().notify();
  if (!from.link->up()) co_return fail(ErrorKind::unavailable, "the tracker disconnected");
  const bool is_small = !joined.holders.empty();
  Result<void> filled;
  if (is_small) {
    filled = co_await holders_.fill(download, from.link, std::move(from.joined));
  } else {
    filled = co_await fill_from_swarm(download, from.link, std::move(from.joined), from.took);
  }
  co_return filled;
}

// A reader of parts makes nobody fetch the layer. A seeder that is known to be out of reach fetches in vain.
control::Want ClusterSource::want_of(const Download& download, const link::TrackerLink& link) {
  if (wants_parts(download)) return control::Want::held;
  return seeders_.is_away(link) ? control::Want::of_agents : control::Want::layer;
}

// The tracker's size must be that of the manifest, its piece length that of the protocol.
Result<void> ClusterSource::agree(Download& download, const Ask& ask, const control::Joined& joined) {
  const ByteCount most = ask.kind == origin::Kind::manifest ? origin::largest_manifest : largest_layer;
  if (joined.size_bytes > most.value) return fail(ErrorKind::refused, "the tracker's size is out of bounds");
  const PieceLayout layout(ByteCount{joined.size_bytes});
  const Result<void> named = agree_on_size(ask, layout.layer_size());
  if (!named) return named;
  if (joined.piece_length_bytes != layout.piece_length().value)
    return fail(ErrorKind::refused, "piece length mismatch between the tracker and this node");
  if (!download.begun()) {
    const Result<void> space = reserve_space(parts_, download, layout.layer_size());
    if (!space) return space;
  }
  if (wants_parts(download) && download.passage())
    return fail(ErrorKind::no_space, "there is no room for parts of the layer");
  if (download.layout().layer_size() != layout.layer_size())
    return fail(ErrorKind::refused, "size mismatch between the tracker and the manifest");
  if (download.content_type().empty()) download.set_content_type(joined.content_type);
  return {};
}

// The link is up. The membership receives the tracker's messages while pieces are being read, and its disconnect.
Task<Result<void>> ClusterSource::fill_from_swarm(SharedDownload download, link::TrackerLink* link,
                                                  control::Joined joined, Milliseconds join_took) {
  Membership& entered = memberships_.enter(download, *link, joined.generation);
  entered.connect(joined.peers);
  const Time connecting = parts_.clock.now();
  const Result<void> resumed = co_await download->resume(joined.generation);
  Result<void> filled = join_swarm(*download, resumed);
  if (filled) filled = co_await watch(download, join_took);
  if (Membership* membership = memberships_.find(*download)) {
    if (filled) {
      tell_seeder_alone(*download, membership->reach());
      seeders_.look_back(*membership, connecting);
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
                                  // What a window has dropped is not proven again: it is passed on to nobody.
                                  .have = download.passage() ? arrival.written() : arrival.proven(),
                                  .hashes = PieceHashes(download.layout()),
                                  .tracker_key = {},
                                  .events = {},
                                  .unproven = download.passage() ? PieceSet() : arrival.unproven(),
                                  .is_window = download.passage() != nullptr,
                                  .wants_parts = wants_parts(download)});
  return {};
}

// Until the download is filled, or the swarm sends nothing any more.
Task<Result<void>> ClusterSource::watch(SharedDownload download, Milliseconds join_took) {
  Time reported = parts_.clock.now();
  PieceIndex wanted_end = 0;
  Time rested = reported - limits_.patience.silence;  // the swarm is asked for something since then
  LinkState state = LinkState::up;
  for (;;) {
    const auto& passage = download->passage();
    if (passage) passage->advance();
    Membership* membership = memberships_.find(*download);
    if (!membership) co_return fail(ErrorKind::unavailable, "the swarm failed on this node");
    if (download->filled()) co_return Result<void>{};
    if (const auto& ended = membership->fetching()->ended) co_return tl::unexpected(*ended);
    const Time now = parts_.clock.now();
    if (passage) {
      if (passage->is_abandoned()) co_return fail(ErrorKind::no_space, "nobody reads the layer any more");
      if (std::exchange(wanted_end, passage->wanted_end()) != passage->wanted_end())
        parts_.swarm.publish(membership->identity().name, {.batches = {}, .in_file = {}, .wanted_end = wanted_end});
      if (passage->waits_for_readers()) rested = now;
    }
    if (download->attempt().parts) {
      const Result<void> followed = follow_parts(*download, *membership);
      if (!followed) co_return followed;
      const auto& parts = *download->attempt().parts;
      if (!parts.is_whole() && parts.are_in(download->arrival().written())) rested = now;
    }
    link::TrackerLink& link = *membership->identity().link;
    const LinkState before = std::exchange(state, state_of(link));
    // A tracker that is there again gets as much time as one that waits for the origin.
    if (state == LinkState::up && before != LinkState::up) membership->on(control::Waiting{download->ask().digest});
    if (now - membership->patience().last_active() >= quiet) link.expect();
    const bool is_asked = now - rested >= limits_.patience.silence;
    if (is_asked && membership->patience().expired(now, state))
      co_return fail(ErrorKind::unavailable, "the swarm makes no progress");
    // A window that waits for its readers asks for nothing: that no byte comes says nothing of the seeder.
    const SeederVerdict verdict = is_asked ? seeders_.judge(*membership, join_took) : SeederVerdict::wait;
    // `refused`: all nodes know it, and come at times of their own, so that none has to wait for a turn.
    if (verdict == SeederVerdict::known) co_return fail(ErrorKind::refused, "the seeder cannot be reached");
    if (verdict != SeederVerdict::wait) co_return fail(ErrorKind::unavailable, "the seeder cannot be reached");
    if (now - reported > limits_.progress) {
      membership->report();
      reported = now;
    }
    const Milliseconds step = seeders_.knows(*membership->identity().link) ? seeder_check : link_check;
    co_await download->changed().wait_for(parts_.clock, step);
  }
}

// What readers of parts want, for the swarm.
Result<void> ClusterSource::follow_parts(Download& download, const Membership& membership) {
  WantedParts& parts = *download.attempt().parts;
  if (parts.is_abandoned(parts_.clock.now())) return fail(ErrorKind::unavailable, "nobody reads parts of the layer any more");
  if (const auto* pieces = parts.news()) {
    swarm::Publication publication{.batches = {}, .in_file = {}, .wanted_end = {}, .first = *pieces};
    if (parts.is_whole()) publication.wanted_end = download.layout().count();
    parts_.swarm.publish(membership.identity().name, std::move(publication));
  }
  return {};
}

// Peers that hold pieces were named, and none of them was connected: this node then takes the tracker's uplink.
void ClusterSource::tell_seeder_alone(const Download& download, const Reach& reach) const {
  const Received& received = download.arrival().received();
  const bool peers_failed = !reach.peer_reached() && reach.peer_named_at() &&
                            parts_.clock.now() - *reach.peer_named_at() > peers_connect;
  if (!peers_failed || received.from_seeder == 0 || received.from_peers > 0) return;
  parts_.metrics.reach.seeder_only_layers.add();
  log::warning("pull", "layer from the seeder alone",
               {{"digest", download.ask().digest.text()},
                {"image", download.ask().image()},
                {"cause", "none of the peers that the tracker named was connected"},
                {"next", "open the agents' [swarm] listen ports (7072) to each other, or set advertise"}});
}

LinkState ClusterSource::state_of(const link::TrackerLink& link) const {
  if (link.up()) return LinkState::up;
  return parts_.trackers.any_up() ? LinkState::other_up : LinkState::none_up;
}

}  // namespace shoal::agent::pull
