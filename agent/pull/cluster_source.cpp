#include "agent/pull/cluster_source.hpp"

#include "agent/pull/room.hpp"
#include "shared/log/log.hpp"

namespace shoal::agent::pull {
namespace {

constexpr std::size_t most_blames = 16;  // of one layer

ErrorKind kind_of(control::Reason reason) {
  switch (reason) {
    case control::Reason::not_found:
      return ErrorKind::not_found;
    case control::Reason::denied:
    case control::Reason::size:
    case control::Reason::upstream:
      return ErrorKind::refused;
    case control::Reason::unavailable:
      return ErrorKind::unavailable;
  }
  return ErrorKind::unavailable;
}

Error error_of(const control::Refused& refused) {
  return {kind_of(refused.reason), "the tracker refused: " + refused.what, Milliseconds(refused.retry_after_ms)};
}

control::Join join_message(const Ask& ask) {
  control::Join join{.digest = ask.digest, .source = {}, .size_hint_bytes = 0, .credential = {}};
  join.source.kind = ask.kind == origin::Kind::manifest ? control::LayerKind::manifest : control::LayerKind::blob;
  join.source.upstream = ask.repository.upstream;
  join.source.repository = ask.repository.name;
  join.size_hint_bytes = ask.size_hint.value_or(ByteCount{}).value;
  return join;
}

std::vector<swarm::PeerAddress> addresses(const std::vector<control::Endpoint>& endpoints, link::TrackerLink& link) {
  std::vector<swarm::PeerAddress> list;
  for (const control::Endpoint& endpoint : endpoints) {
    list.push_back({endpoint.host.empty() ? link.tracker_host() : endpoint.host, endpoint.port, endpoint.is_seeder});
  }
  return list;
}

}  // namespace

ClusterSource::ClusterSource(Parts parts, ClusterLimits limits) : parts_(parts), limits_(limits), holders_(parts) {}

Task<Result<void>> ClusterSource::fill(std::shared_ptr<Download> download) {
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

Task<Result<void>> ClusterSource::fill_from(std::shared_ptr<Download> download, link::TrackerLink* link) {
  const Ask& ask = download->ask();
  leave_swarm(ask.digest);  // of an attempt before
  const auto answer = co_await link->join(join_message(ask), limits_.join, limits_.origin_wait);
  Result<void> filled;
  if (!answer) {
    filled = tl::unexpected(answer.error());
  } else if (const auto* refused = std::get_if<control::Refused>(&*answer)) {
    filled = tl::unexpected(error_of(*refused));
  } else {
    control::Joined joined = std::get<control::Joined>(*answer);
    filled = co_await fill_joined(download, link, std::move(joined));
  }
  if (!filled && !members_.contains(ask.digest)) link->send(control::Leave{ask.digest});
  co_return filled;
}

Task<Result<void>> ClusterSource::fill_joined(std::shared_ptr<Download> download, link::TrackerLink* link,
                                              control::Joined joined) {
  // An honest tracker has gone on to the next generation by then.
  if (download->disproved() == joined.generation)
    co_return fail(ErrorKind::unavailable, "the tracker stands by bytes that proved wrong");
  const Result<void> agreed = agree(*download, joined);
  if (!agreed) co_return agreed;
  const bool small = !joined.holders.empty();
  Result<void> filled;
  if (small) {
    filled = co_await holders_.fill(download, link, std::move(joined));
  } else {
    filled = co_await from_swarm(download, link, std::move(joined));
  }
  co_return filled;
}

// The tracker's size must be ours, its cut the protocol's.
Result<void> ClusterSource::agree(Download& download, const control::Joined& joined) {
  const ByteCount most = download.ask().kind == origin::Kind::manifest ? origin::largest_manifest : largest_layer;
  if (joined.size_bytes > most.value) return fail(ErrorKind::refused, "the tracker's size is out of bounds");
  const PieceLayout layout(ByteCount{joined.size_bytes});
  if (joined.piece_length_bytes != layout.piece_length().value) {
    return fail(ErrorKind::refused, "the tracker cuts pieces by another rule");
  }
  if (!download.begun()) {
    const Result<void> room = make_room(parts_, download, layout.layer_size());
    if (!room) return room;
  }
  if (download.partial().file()->layout().layer_size() != layout.layer_size()) {
    return fail(ErrorKind::refused, "the tracker's size is not the manifest's");
  }
  if (download.content_type().empty()) download.set_content_type(joined.content_type);
  return {};
}

Task<Result<void>> ClusterSource::from_swarm(std::shared_ptr<Download> download, link::TrackerLink* link,
                                             control::Joined joined) {
  const Digest digest = download->ask().digest;
  if (!link->up()) co_return fail(ErrorKind::unavailable, "the tracker went away");
  const auto file = download->partial().file();
  Member entered{.link = link,
                 .name = swarm_name(link->welcome().swarm_key, digest, file->layout(), joined.generation),
                 .key = link->welcome().swarm_key,
                 .tracker_key = link->welcome().public_key,
                 .generation = joined.generation,
                 .download = download,
                 .finished_list = {},
                 .last_bytes = parts_.clock.now(),
                 .last_piece = parts_.clock.now(),
                 .ended = {},
                 .held = false,
                 .ready = false,
                 .blames = {},
                 .joined = false,
                 .waiting = addresses(joined.peers, *link)};
  const SwarmName name = entered.name;
  enter(digest, std::move(entered));
  // The tracker may say anything meanwhile, or go: the member hears it.
  const Result<void> taken_up = co_await download->take_up(joined.generation);
  const auto member = members_.find(digest);
  if (member == members_.end()) co_return fail(ErrorKind::unavailable, "the swarm was left");
  if (!taken_up || member->second.ended) {
    const Error why = taken_up ? *member->second.ended : not_kept(taken_up.error());
    leave_swarm(digest);
    co_return tl::unexpected(why);
  }
  member->second.last_bytes = member->second.last_piece = parts_.clock.now();
  swarm::Membership membership{.name = name,
                               .role = swarm::Role::fetch,
                               .file = file,
                               .have = download->proven(),
                               .hashes = PieceHashes(file->layout()),
                               .tracker_key = member->second.tracker_key,
                               .events = {},
                               .unproven = download->unproven()};
  join_swarm(digest, std::move(membership));
  const Result<void> filled = co_await watch(digest);
  const auto entry = members_.find(digest);
  if (entry != members_.end()) {
    entry->second.download.reset();
    if (!filled) leave_swarm(digest);
  }
  co_return filled;
}

// Until the download is filled, or the swarm gives nothing any more.
Task<Result<void>> ClusterSource::watch(Digest digest) {
  Time reported = parts_.clock.now();
  const Milliseconds spread(random_() % static_cast<unsigned>(limits_.return_spread.count() + 1));
  for (;;) {
    const auto entry = members_.find(digest);
    if (entry == members_.end()) co_return fail(ErrorKind::unavailable, "the swarm failed on this node");
    Member& member = entry->second;
    if (member.download->filled()) co_return Result<void>{};
    if (member.ended) co_return tl::unexpected(*member.ended);
    const Time now = parts_.clock.now();
    if (now - member.last_bytes > patience(member, spread))
      co_return fail(ErrorKind::unavailable, "the swarm makes no progress");
    if (now - reported > limits_.progress && member.ready) {
      report(digest, member, false);
      reported = now;
    }
    const auto download = member.download;
    co_await download->changed().wait_for(Milliseconds(250));
  }
}

Milliseconds ClusterSource::patience(const Member& member, Milliseconds spread) const {
  if (member.link->up()) return limits_.silence;
  if (parts_.trackers.any_up()) return limits_.silence_alone;
  return limits_.return_of_tracker + spread;
}

void ClusterSource::enter(const Digest& digest, Member member) {
  while (members_.size() >= limits_.memberships) {
    const auto idle = [this](const Digest& other) { return !members_.at(other).download; };
    const auto oldest = std::find_if(by_age_.begin(), by_age_.end(), idle);
    if (oldest == by_age_.end()) break;  // all are being filled: none of them is given up for another
    leave_swarm(Digest(*oldest));
  }
  members_.insert_or_assign(digest, std::move(member));
  by_age_.push_back(digest);
  parts_.metrics.swarms.set(static_cast<std::int64_t>(members_.size()));
}

void ClusterSource::join_swarm(const Digest& digest, swarm::Membership membership) {
  Member& member = members_.at(digest);
  membership.events = [this, digest](swarm::Event event) { take(digest, std::move(event)); };
  parts_.swarm.join(std::move(membership));
  member.joined = true;
  connect(member, std::exchange(member.waiting, {}));
}

void ClusterSource::connect(Member& member, std::vector<swarm::PeerAddress> peers) {
  if (member.joined) {
    parts_.swarm.connect(member.name, std::move(peers));
  } else {
    member.waiting.insert(member.waiting.end(), peers.begin(), peers.end());
  }
}

void ClusterSource::leave_swarm(const Digest& digest) {
  const auto entry = members_.find(digest);
  if (entry == members_.end()) return;
  if (entry->second.joined) parts_.swarm.leave(entry->second.name);
  entry->second.link->send(control::Leave{digest});
  members_.erase(entry);
  by_age_.remove(digest);
  parts_.metrics.swarms.set(static_cast<std::int64_t>(members_.size()));
}

void ClusterSource::report(const Digest& digest, const Member& member, bool complete) {
  control::Progress progress{.digest = digest, .generation = member.generation, .pieces = 0, .complete = complete};
  if (member.download) progress.pieces = member.download->partial().written().held();
  member.link->send(progress);
}

void ClusterSource::take(const Digest& digest, swarm::Event event) {
  const auto entry = members_.find(digest);
  if (entry == members_.end()) return;
  Member& member = entry->second;
  const Time now = parts_.clock.now();
  if (std::holds_alternative<swarm::Ready>(event)) {
    member.last_bytes = member.last_piece = now;
    member.ready = true;
    report(digest, member, member.held);
  } else if (std::holds_alternative<swarm::Receiving>(event)) {
    if (now - member.last_piece < limits_.trickle) member.last_bytes = now;
  } else if (std::holds_alternative<swarm::PiecesProven>(event)) {
    member.last_bytes = member.last_piece = now;
  } else if (const auto* arrived = std::get_if<swarm::PieceArrived>(&event)) {
    member.last_bytes = member.last_piece = now;
    if (member.download) {
      member.download->note(arrived->piece, arrived->from_seeder ? &Received::from_seeder : &Received::from_peers);
    }
  } else if (const auto* refused = std::get_if<swarm::PieceRefused>(&event)) {
    take(digest, member, *refused);
  } else if (const auto* wanted = std::get_if<swarm::HashesWanted>(&event)) {
    member.link->send(control::WantHashes{digest, member.generation, wanted->piece});
  } else if (const auto* failed = std::get_if<swarm::Failed>(&event)) {
    log::error("pull", "swarm failed", {{"digest", digest.text()}, {"why", failed->error.what}});
    if (member.download) {
      end_attempt(member, not_kept(failed->error));
    } else {
      forget(digest);  // what the disk does not give, nobody is to ask of us
    }
  }
}

void ClusterSource::take(const Digest& digest, Member& member, const swarm::PieceRefused& refused) {
  const swarm::Identity& sender = refused.sender;
  log::warning("pull", "corrupt piece",
               {{"digest", digest.text()}, {"piece", refused.piece}, {"node", sender.node}, {"host", sender.host}});
  if (refused.banned) log::warning("pull", "peer banned", {{"node", sender.node}, {"host", sender.host}});
  if (member.blames.size() >= most_blames) return;
  member.blames.try_emplace(sender, control::Blame{digest, member.generation, refused.piece, sender.node, sender.host});
}

void ClusterSource::announce(const Digest& digest) {
  const auto entry = members_.find(digest);
  if (entry == members_.end()) {
    parts_.trackers.send_to_all(control::Holds{{digest}});
  } else {
    Member& member = entry->second;
    member.held = true;
    report(digest, member, true);
    for (const auto& [sender, blame] : std::exchange(member.blames, {})) member.link->send(blame);
  }
}

// A swarm that this node joined lately may have nobody else with all of the layer.
bool ClusterSource::may_go(const Digest& digest) const {
  const auto entry = members_.find(digest);
  if (entry == members_.end()) return true;
  return !entry->second.download && parts_.clock.now() - entry->second.last_bytes >= limits_.young;
}

void ClusterSource::forget(const Digest& digest) {
  leave_swarm(digest);
  parts_.trackers.send_to_all(control::Lost{{digest}});
}

void ClusterSource::describe(const Digest& digest, store::Side& side) const {
  const auto entry = members_.find(digest);
  if (entry == members_.end()) return;
  side.swarm = entry->second.name;
  side.generation = entry->second.generation;
  side.signature = entry->second.finished_list;
}

void ClusterSource::on_up(link::TrackerLink& link) {
  const std::vector<Digest> held = parts_.store.digests();
  if (held.size() > control::largest_held_list) {  // more than the hello carries
    for (std::size_t i = 0; i < held.size(); i += control::largest_held_list) {
      const std::size_t end = std::min(held.size(), i + control::largest_held_list);
      link.send(control::Holds{std::vector<Digest>(held.begin() + i, held.begin() + end)});
    }
  }
  // The tracker may be a new one without memory: it is told again of what this node fetches and serves, and is given as
  // much time as at first, unless it goes again and again. A swarm of keys that it does not have any more has no
  // seeder, and no newcomers.
  std::vector<Digest> strange;
  for (auto& [digest, member] : members_) {
    if (member.link != &link) continue;
    if (!member.belongs_to(link.welcome())) {
      strange.push_back(digest);
      continue;
    }
    member.wait_on(parts_.clock.now(), limits_.origin_wait);
    if (member.download) link.send(join_message(member.download->ask()));
    if (member.ready) report(digest, member, member.held);
  }
  for (const Digest& digest : strange) give_up(digest, "the tracker came back with other keys");
}

// The swarm is none any more: a pull asks its tracker again, a held layer waits until it is asked for.
void ClusterSource::give_up(const Digest& digest, const char* why) {
  Member& member = members_.at(digest);
  if (member.download) {
    end_attempt(member, {ErrorKind::unavailable, why});
  } else {
    leave_swarm(digest);
  }
}

void ClusterSource::on_message(link::TrackerLink& link, control::TrackerMessage message) {
  std::visit([&](const auto& known) { on(link, known); }, message);
}

void ClusterSource::on(link::TrackerLink& link, const control::Joined& joined) {
  const auto entry = members_.find(joined.digest);
  if (entry == members_.end()) return link.send(control::Leave{joined.digest});  // it came too late
  if (entry->second.generation != joined.generation) {
    return give_up(joined.digest, "the tracker has another swarm for the layer");
  }
  connect(entry->second, addresses(joined.peers, link));
  if (entry->second.ready) report(joined.digest, entry->second, entry->second.held);
}

void ClusterSource::on(link::TrackerLink& link, const control::Peers& peers) {
  const auto entry = members_.find(peers.digest);
  if (entry == members_.end() || entry->second.generation != peers.generation) return;
  connect(entry->second, addresses(peers.peers, link));
}

void ClusterSource::on(link::TrackerLink& link, const control::Serve& serve) {
  const auto entry = members_.find(serve.digest);
  if (entry != members_.end()) {
    const Member& member = entry->second;
    const bool same = member.generation == serve.generation && member.belongs_to(link.welcome());
    if (same && member.ready) report(serve.digest, member, member.held);
    if (same || member.download) return;
    leave_swarm(serve.digest);  // a swarm of the time before the tracker lost its keys or its memory
  }
  const auto held = parts_.store.find(serve.digest);
  if (!held) return forget(serve.digest);  // its files are gone
  const PieceLayout& layout = held->file()->layout();
  swarm::Membership membership{.name = swarm_name(link.welcome().swarm_key, serve.digest, layout, serve.generation),
                               .role = swarm::Role::hold,
                               .file = held->file(),
                               .have = PieceSet::full(layout.count()),
                               .hashes = PieceHashes(layout),
                               .tracker_key = link.welcome().public_key,
                               .events = {}};
  membership.hashes.add_list(held->side().hashes);
  Member member{.link = &link,
                .name = membership.name,
                .key = link.welcome().swarm_key,
                .tracker_key = link.welcome().public_key,
                .generation = serve.generation,
                .download = {},
                .finished_list = held->side().signature,
                .last_bytes = parts_.clock.now(),
                .last_piece = parts_.clock.now(),
                .ended = {},
                .held = true,
                .ready = false,
                .blames = {},
                .joined = false,
                .waiting = {}};
  enter(serve.digest, std::move(member));
  join_swarm(serve.digest, std::move(membership));
}

void ClusterSource::on(link::TrackerLink&, const control::Restart& restart) {
  const auto entry = members_.find(restart.digest);
  if (entry == members_.end() || entry->second.generation == restart.generation) return;
  if (entry->second.download) {
    end_attempt(entry->second, {ErrorKind::corrupt, "the origin's bytes proved wrong; the swarm restarts"});
  } else {
    leave_swarm(restart.digest);
  }
}

void ClusterSource::on(link::TrackerLink&, const control::Refused& refused) {
  const auto entry = members_.find(refused.digest);
  if (entry == members_.end() || !entry->second.download) return;
  end_attempt(entry->second, error_of(refused));
}

void ClusterSource::end_attempt(Member& member, Error why) {
  if (member.ended) return;  // the first cause says what is to be done
  member.ended = std::move(why);
  member.download->changed().notify();
}

void ClusterSource::on(link::TrackerLink& link, const control::Hashes& hashes) {
  const auto entry = members_.find(hashes.digest);
  if (entry == members_.end() || entry->second.generation != hashes.generation || !entry->second.download) return;
  PieceHashes check(entry->second.download->partial().file()->layout());
  if (!check.add(hashes.batch, entry->second.name, link.welcome().public_key)) return;
  parts_.swarm.publish(entry->second.name, {.batches = {hashes.batch}, .in_file = {}});
}

void ClusterSource::on(link::TrackerLink&, const control::Finished& finished) {
  const auto entry = members_.find(finished.digest);
  if (entry == members_.end() || entry->second.generation != finished.generation) return;
  entry->second.finished_list = finished.signature;
}

void ClusterSource::on(link::TrackerLink&, const control::Ban& ban) {
  log::warning("pull", "peer banned by the cluster", {{"node", ban.node}, {"host", ban.host}});
  parts_.swarm.ban({ban.node, ban.host});
}

void ClusterSource::on(link::TrackerLink&, const control::Waiting& waiting) {
  const auto entry = members_.find(waiting.digest);
  if (entry != members_.end()) entry->second.wait_on(parts_.clock.now(), limits_.origin_wait);
}

}  // namespace shoal::agent::pull
