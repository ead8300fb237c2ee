#include "agent/pull/membership.hpp"

#include "agent/pull/possession.hpp"
#include "agent/pull/space.hpp"
#include "shared/log/log.hpp"

namespace shoal::agent::pull {
namespace {

// Of a token: some have 17 kB. A longer one is used by this node alone.
constexpr std::size_t longest_credential = 64 << 10;
constexpr std::size_t most_blames = 16;  // of one layer: more peers are not banned for it, and a list stays short

ErrorKind kind_of(control::Reason reason) {
  switch (reason) {
    case control::Reason::not_found:
      return ErrorKind::not_found;
    case control::Reason::denied:
    case control::Reason::size:
    case control::Reason::upstream:
    case control::Reason::own_fetch:
      return ErrorKind::refused;
    case control::Reason::unavailable:
      return ErrorKind::unavailable;
  }
  return ErrorKind::unavailable;
}

control::Endpoint with_host(control::Endpoint peer, const link::TrackerLink& link) {
  if (peer.host.empty()) peer.host = link.tracker_host();
  return peer;
}

// The tracker lets that peer dial instead, and names it to others no more when agents on two hosts say so.
void tell_not_reached(const control::Endpoint& peer, const std::string& cause, const Membership::Identity& swarm,
                      const Membership::Parts& parts) {
  parts.metrics.reach.unreached_peers.add();
  if (!parts.unreached.note_failure({peer.host, peer.port}, parts.clock.now())) return;
  log::warning("pull", "peer not reached",
               {{"node", peer.node},
                {"host", peer.host},
                {"port", peer.port},
                {"cause", cause},
                {"next", "open that node's [swarm] listen port (7072) to this node, or set its advertise"}});
  swarm.link->send(control::Unreachable{swarm.digest, control::Service::pieces, peer});
}

void tell_lagging(const swarm::Identity& peer, Metrics& metrics) {
  metrics.reach.lagging_peers.add();
  log::warning("pull", "peer slow",
               {{"node", peer.node},
                {"host", peer.host},
                {"cause", "other nodes delivered pieces that it owed"},
                {"next", "look at that node's link, its MTU and its load"}});
}

}  // namespace

Error error_of(const control::Refused& refused) {
  return {kind_of(refused.reason), "the tracker refused: " + refused.what, Milliseconds(refused.retry_after_ms),
          refused.of_tracker ? Fault::of_tracker : Fault::none, control::answered_of(refused.answer)};
}

control::Join join_message(const Ask& ask, control::Want want, const link::TrackerLink& link) {
  control::Join join{.digest = ask.digest, .source = {}, .size_hint_bytes = 0, .credential = {}};
  join.want = want;
  join.has_credential = !ask.authorization.empty();
  const bool is_sent = link.up() && link::may_carry_credentials(link) && ask.authorization.size() <= longest_credential;
  if (is_sent) join.credential = ask.authorization;
  join.source.kind = ask.kind == origin::Kind::manifest ? control::LayerKind::manifest : control::LayerKind::blob;
  join.source.upstream = ask.repository.upstream;
  join.source.repository = ask.repository.name;
  join.size_hint_bytes = ask.size_hint.value_or(ByteCount{}).value;
  return join;
}

Membership::Membership(Parts parts, Identity identity, SharedDownload download, Patience patience)
    : parts_(parts), identity_(std::move(identity)), layer_(Held{}), patience_(patience) {
  if (!download) return;
  image_ = download->ask().image();
  layer_ = Fetching{std::move(download)};
}

void Membership::describe(store::SideFile& side) const {
  side.swarm = identity_.name;
  side.generation = identity_.generation;
  side.signature = finished_list_;
}

void Membership::join(swarm::Membership membership) {
  auto& entering = std::get<Entering>(phase_);
  std::vector<swarm::PeerAddress> peers = std::move(entering.peers);
  phase_ = Joined{};
  patience_.note_piece(parts_.clock.now());
  parts_.swarm.join(std::move(membership));
  parts_.swarm.connect(identity_.name, std::move(peers));
}

void Membership::connect(const std::vector<control::Endpoint>& peers) {
  std::vector<swarm::PeerAddress> more;
  for (const control::Endpoint& named : peers) {
    const control::Endpoint peer = with_host(named, *identity_.link);
    reach_.note_named(peer, parts_.clock.now());
    more.push_back({peer.host, peer.port, peer.is_seeder});
  }
  if (auto* entering = std::get_if<Entering>(&phase_)) {
    entering->peers.insert(entering->peers.end(), more.begin(), more.end());
  } else {
    parts_.swarm.connect(identity_.name, std::move(more));
  }
}

void Membership::leave() {
  if (!std::holds_alternative<Entering>(phase_)) parts_.swarm.leave(identity_.name);
  identity_.link->send(control::Leave{identity_.digest});
}

void Membership::mark_filled() {
  layer_ = Filled{};
}

void Membership::mark_held() {
  layer_ = Held{};
  send_progress();
  for (const auto& [sender, blame] : std::exchange(blames_, {})) identity_.link->send(blame);
}

void Membership::report() {
  if (std::holds_alternative<Ready>(phase_)) send_progress();
}

void Membership::send_progress() {
  control::Progress progress{.digest = identity_.digest,
                             .generation = identity_.generation,
                             .pieces = 0,
                             .complete = std::holds_alternative<Held>(layer_)};
  if (fetching()) progress.pieces = fetching()->download->arrival().written().held();
  identity_.link->send(progress);
}

Next Membership::give_up(const char* cause) {
  if (!fetching()) return Next::leave;  // a held layer is served again when it is asked for
  end({ErrorKind::unavailable, cause});
  return Next::stay;
}

void Membership::end(Error cause) {
  auto& fetching = std::get<Fetching>(layer_);
  if (fetching.ended) return;  // the first cause says what is to be done
  fetching.ended = std::move(cause);
  fetching.download->changed().notify();
}

// ---- the tracker

// The tracker may have restarted without memory: it receives again what this node fetches and serves. A swarm of keys
// that the tracker no longer has gets no seeder and no new peers.
Next Membership::on_up() {
  if (!identity_.belongs_to(identity_.link->welcome())) return give_up("the tracker came back with other keys");
  patience_.note_waiting(parts_.clock.now());
  if (fetching()) {
    const Download& download = *fetching()->download;
    const control::Want want = wants_parts(download) ? control::Want::held : control::Want::layer;
    identity_.link->send(join_message(download.ask(), want, *identity_.link));
  }
  report();
  return Next::stay;
}

Next Membership::on(const control::Joined& joined) {
  if (joined.generation != identity_.generation) return give_up("the tracker has another swarm for the layer");
  // It may have gone on at another registry meanwhile.
  if (fetching()) note_source(*fetching()->download, source_of(joined, fetching()->download->ask()));
  connect(joined.peers);
  report();
  return Next::stay;
}

Next Membership::on(const control::Peers& peers) {
  connect(peers.peers);
  return Next::stay;
}

Next Membership::on(const control::Hashes& hashes) {
  if (!fetching()) return Next::stay;
  PieceHashes check(fetching()->download->layout());
  const Result<void> right = check.add(hashes.batch, identity_.name, identity_.tracker_key);
  if (right) parts_.swarm.publish(identity_.name, {.batches = {hashes.batch}, .in_file = {}});
  return Next::stay;
}

Next Membership::on(const control::Finished& finished) {
  finished_list_ = finished.signature;
  return Next::stay;
}

Next Membership::on(const control::Restart& restart) {
  if (restart.generation == identity_.generation) return Next::stay;
  if (!fetching()) return Next::leave;
  end({ErrorKind::corrupt, "the origin's bytes proved wrong; the swarm restarts"});
  return Next::stay;
}

Next Membership::on(const control::Refused& refused) {
  const bool is_of_another = fetching() && !refused.upstream.empty() &&
                             refused.upstream != fetching()->download->ask().repository.upstream;
  if (fetching() && !is_of_another) end(error_of(refused));
  return Next::stay;
}

Next Membership::on(const control::Waiting& waiting) {
  patience_.note_waiting(parts_.clock.now(), waiting.is_paced);
  return Next::stay;
}

// ---- the swarm

Next Membership::on(swarm::Event event) {
  const Time now = parts_.clock.now();
  if (std::holds_alternative<swarm::Ready>(event)) {
    patience_.note_piece(now);
    phase_ = Ready{};
    report();
  } else if (std::holds_alternative<swarm::Receiving>(event)) {
    patience_.note_bytes(now);
  } else if (std::holds_alternative<swarm::PiecesProven>(event)) {
    patience_.note_piece(now);
  } else if (const auto* arrived = std::get_if<swarm::PieceArrived>(&event)) {
    patience_.note_piece(now);
    if (arrived->from_seeder) reach_.note_seeder_piece(now);
    const auto source = arrived->from_seeder ? &Received::from_seeder : &Received::from_peers;
    if (fetching()) fetching()->download->note(arrived->piece, source);
  } else if (const auto* reached = std::get_if<swarm::PeerReached>(&event)) {
    reach_.note_reached(reached->is_seeder);
  } else if (const auto* missed = std::get_if<swarm::PeerNotReached>(&event)) {
    const auto peer = reach_.note_not_reached(missed->peer);
    if (peer) tell_not_reached(*peer, missed->cause, identity_, parts_);
  } else if (const auto* slow = std::get_if<swarm::PeerLags>(&event)) {
    tell_lagging(slow->peer, parts_.metrics);
  } else if (const auto* refused = std::get_if<swarm::PieceRefused>(&event)) {
    blame(*refused);
  } else if (const auto* wanted = std::get_if<swarm::HashesMissing>(&event)) {
    identity_.link->send(control::RequestHashes{identity_.digest, identity_.generation, wanted->piece});
  } else if (std::holds_alternative<swarm::Unneeded>(event)) {
    if (std::holds_alternative<Held>(layer_)) return Next::leave;  // the tracker asks for it again by Serve
  } else if (const auto* failed = std::get_if<swarm::Failed>(&event)) {
    log::error("pull", "swarm failed",
               {{"digest", identity_.digest.text()},
                {"image", image_},
                {"cause", failed->error.what},
                {"next", "look at the disk"}});
    if (!fetching()) return Next::withdraw;  // what the disk does not give, no peer is to ask for
    end(storage_error(failed->error));
  }
  return Next::stay;
}

void Membership::blame(const swarm::PieceRefused& refused) {
  const swarm::Identity& sender = refused.sender;
  log::warning("pull", "corrupt piece",
               {{"digest", identity_.digest.text()},
                {"image", image_},
                {"piece", refused.piece},
                {"node", sender.node},
                {"host", sender.host},
                {"next", "test that node's memory and disk"}});
  if (refused.banned) log::warning("pull", "peer banned",
                                   {{"node", sender.node},
                                    {"host", sender.host},
                                    {"next", "test that node's memory and disk"}});
  if (blames_.size() >= most_blames) return;
  blames_.try_emplace(sender, control::Blame{identity_.digest, identity_.generation, refused.piece, sender.node,
                                             sender.host});
}

}  // namespace shoal::agent::pull
