#include "shared/swarm/member/member.hpp"

#include "shared/core/check.hpp"
#include "shared/crypto/signing.hpp"

namespace shoal::swarm {
namespace {

constexpr int most_bad_batches = 16;  // of one peer; each costs a signature check; a correct peer sends none

// The same on all nodes, whatever their machine: FNV-1a.
std::uint64_t identity_of(const std::string& node) {
  std::uint64_t hash = 0xcbf29ce484222325U;
  for (const char c : node) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3U;
  return hash;
}

// Whether there may be something new to do after it: deciding costs more than reading the message.
bool changes_policy(const Message& message) {
  return std::holds_alternative<Hello>(message) || std::holds_alternative<Offered>(message) ||
         std::holds_alternative<Refused>(message) || std::holds_alternative<TakesOnly>(message);
}

Nearness nearness(const std::string& our_zone, const std::string& their_zone) {
  if (our_zone.empty()) return Nearness::nowhere;
  return our_zone == their_zone ? Nearness::near : Nearness::far;
}

PieceRange range_of(const HashBatch& batch) {
  return {batch.first, static_cast<PieceIndex>(batch.hashes.size())};
}

bool is_new(const HashBatch& batch, const PieceHashes& hashes) {
  for (PieceIndex piece = batch.first; piece < batch.first + batch.hashes.size(); ++piece) {
    if (!hashes.knows(piece) || hashes.batch_of(piece) == nullptr) return true;
  }
  return false;
}

// Apart from peers that may come: it lacks pieces itself, or sends some.
bool is_needed(const SwarmState& swarm) {
  if (swarm.membership.role == Role::seed || swarm.has_failed || !swarm.policy.have().complete()) return true;
  return std::any_of(swarm.neighbours.begin(), swarm.neighbours.end(), [](const auto& entry) {
    return entry.second.outbox.has_asks() || entry.second.counted_unsent > 0;
  });
}

}  // namespace

Member::Member(Membership membership, NodeState& node, std::function<void(Event)> report)
    : swarm_(std::move(membership), node, identity_of(node.node), std::move(report)),
      receiver_(swarm_, [this](Time now) { act(now); }),
      sender_(swarm_) {
  SHOAL_CHECK(swarm_.membership.have.size() == swarm_.layout().count());
  if (swarm_.membership.wants_parts) swarm_.policy.want_up_to(0);
  const PieceSet& unproven = swarm_.proof.unproven();
  for (PieceIndex piece = 0; piece < unproven.size(); ++piece) {
    if (unproven.has(piece)) swarm_.policy.withhold(piece);
  }
}

Member::~Member() {
  for (auto& [id, peer] : swarm_.neighbours) sender_.stop_counting(peer);
  swarm_.node.metrics.connections.add(-static_cast<std::int64_t>(swarm_.neighbours.size()));
}

PeerId Member::link_up(Link& link) {
  const PeerId id = next_id_++;
  Neighbour& peer = swarm_.neighbours[id];
  peer.link = &link;
  link.set_no_delay(true);
  peer.shown = swarm_.policy.shown();
  peer.knows_hash = PieceSet(swarm_.layout().count());
  Hello hello;
  hello.role = swarm_.membership.role;
  hello.node = swarm_.node.node;
  if (!takes_only()) hello.zone = swarm_.node.zone;  // a zone counts on what its nodes fetch, and this one passes none on
  const Bytes nonce = random_bytes(hello.nonce.size());
  std::copy(nonce.begin(), nonce.end(), hello.nonce.begin());
  set_held(hello, peer.shown);
  send(peer, hello);
  if (takes_only()) send(peer, TakesOnly{});
  swarm_.node.metrics.connections.add(1);
  return id;
}

void Member::link_down(PeerId id, Time now) {
  const auto peer = swarm_.neighbours.find(id);
  if (peer == swarm_.neighbours.end()) return;
  sender_.stop_counting(peer->second);
  swarm_.neighbours.erase(peer);
  swarm_.node.metrics.connections.add(-1);
  swarm_.policy.peer_left(id);
  act(now);
}

bool Member::receive(PeerId id, ByteView body, std::size_t length, Time now) {
  const auto found = swarm_.neighbours.find(id);
  if (found == swarm_.neighbours.end()) return false;
  if (body.empty()) return true;  // its kind did not come yet
  Neighbour& peer = found->second;
  // A ban takes effect here, at the peer's next message, wherever it was decided: in this swarm, after the worker
  // checked a piece or a late hash came; in another swarm of this node; at the tracker.
  if (peer.has_hello && swarm_.is_banned(peer, now)) return false;
  if (is_piece(body)) return receive_piece(id, peer, body, length, now);
  if (length > largest_body) return false;
  return body.size() < length || receive_message(id, peer, body, now);
}

bool Member::receive_piece(PeerId id, Neighbour& peer, ByteView body, std::size_t length, Time now) {
  if (!peer.has_hello || !receiver_.receive(id, peer, body, length, now)) return false;
  if (body.size() < length) return true;
  if (swarm_.is_banned(peer, now)) return false;  // for this piece
  act(now);
  return true;
}

bool Member::receive_message(PeerId id, Neighbour& peer, ByteView body, Time now) {
  const Result<Message> message = decode(body);
  if (!message) return message.error().kind == ErrorKind::refused;  // a later version's kind is skipped
  if (!peer.has_hello && !std::holds_alternative<Hello>(*message)) return false;
  if (!std::visit([&](const auto& m) { return on(id, peer, m, now); }, *message)) return false;
  if (changes_policy(*message)) act(now);
  return true;
}

bool Member::on(PeerId id, Neighbour& peer, const Hello& hello, Time now) {
  if (peer.has_hello || hello.version != protocol_version) return false;
  peer.identity = {hello.node, peer.link->host()};
  if (swarm_.is_banned(peer, now)) return false;
  const Result<PieceSet> held = held_pieces(hello, swarm_.layout().count());
  if (!held) return false;
  peer.has_hello = true;
  rest_.begin_anew(now);
  peer.is_seeder = hello.role == Role::seed && peer.link->leads_to_seeder();  // only this peer may push
  const std::string our_zone = takes_only() ? std::string() : swarm_.node.zone;
  const NewPeer newcomer{.is_seeder = peer.is_seeder,
                         .nearness = nearness(our_zone, hello.zone),
                         .identity = identity_of(hello.node),
                         .is_lagging = swarm_.node.lagging.knows(peer.identity, now)};
  swarm_.policy.peer_came(id, newcomer, peer.shown, now);
  peer.shown = PieceSet();
  Offered offered;
  for (PieceIndex piece = 0; piece < held->size(); ++piece) {
    if (held->has(piece)) offered.ranges.push_back({piece, 1});
  }
  return on(id, peer, offered, now);
}

bool Member::in_layer(const PieceRange& range) const {
  const PieceIndex count = swarm_.layout().count();
  return range.first < count && range.count <= count - range.first;
}

bool Member::on(PeerId id, Neighbour& peer, const Offered& offered, Time now) {
  for (const PieceRange& range : offered.ranges) {
    if (!in_layer(range)) return false;
    for (PieceIndex piece = range.first; piece < range.first + range.count; ++piece) peer.knows_hash.add(piece);
    swarm_.policy.peer_offers(id, range, now);
  }
  return true;
}

bool Member::on(PeerId, Neighbour& peer, const Asked& asked, Time now) {
  if (!in_layer({asked.piece, 1}) || peer.link->unsent_bytes() > Outbox::most_unread) return false;
  const Outbox::Place place = peer.outbox.place_for_ask();
  if (place == Outbox::Place::refused_too_often) return false;
  rest_.begin_anew(now);
  if (place == Outbox::Place::none || takes_only() || !swarm_.policy.have().has(asked.piece)) {
    send(peer, Refused{asked.piece});
    return true;
  }
  if (!asked.with_hash) peer.knows_hash.add(asked.piece);
  peer.outbox.add(asked.piece);
  sender_.send_asked(peer);
  return true;
}

bool Member::on(PeerId id, Neighbour&, const Refused& refused, Time) {
  if (!in_layer({refused.piece, 1})) return false;
  swarm_.policy.piece_lost(id, refused.piece);
  return true;
}

bool Member::on(PeerId, Neighbour& peer, const Hashes& hashes, Time now) {
  const PieceRange range = range_of(hashes.batch);
  if (!in_layer(range)) return false;
  const bool news = is_new(hashes.batch, swarm_.membership.hashes);
  if (news) {
    const Membership& own = swarm_.membership;
    const Result<void> added = swarm_.membership.hashes.add(hashes.batch, own.name, own.tracker_key);
    if (!added) return ++peer.bad_batches < most_bad_batches;
  }
  for (PieceIndex piece = range.first; piece < range.first + range.count; ++piece) peer.knows_hash.add(piece);
  if (news && (receiver_.waits_for_hashes() || !swarm_.proof.is_done())) {
    prove(range);
    receiver_.hashes_came(now);
    act(now);
  }
  return true;
}

bool Member::on(PeerId, Neighbour& peer, const RequestHashes& want, Time) {
  if (!in_layer({want.piece, 1}) || peer.link->unsent_bytes() > Outbox::most_unread) return false;
  peer.knows_hash.remove(want.piece);
  sender_.send_hashes(peer, want.piece);
  return true;
}

bool Member::on(PeerId id, Neighbour&, const TakesOnly&, Time) {
  swarm_.policy.peer_takes_only(id);
  return true;
}

void Member::publish(const Publication& publication, Time now) {
  if (publication.wanted_end) swarm_.policy.want_up_to(*publication.wanted_end);
  if (publication.first) swarm_.policy.want_first(*publication.first);
  for (const HashBatch& batch : publication.batches) {
    swarm_.membership.hashes.add_trusted(batch);
    prove(range_of(batch));
  }
  unhashed_.insert(unhashed_.end(), publication.in_file.begin(), publication.in_file.end());
  // A seeder pushes a piece only together with its hash.
  std::erase_if(unhashed_, [&](PieceIndex piece) {
    if (swarm_.membership.role == Role::seed && swarm_.membership.hashes.batch_of(piece) == nullptr) return false;
    swarm_.policy.in_file(piece);
    return true;
  });
  receiver_.hashes_came(now);
  act(now);
}

void Member::prove(const PieceRange& range) {
  const auto proven = swarm_.proof.prove(range, swarm_.membership.hashes, *swarm_.membership.file);
  if (!proven) return swarm_.fail(proven.error());
  for (const PieceIndex piece : *proven) swarm_.policy.in_file(piece);
  if (!proven->empty()) swarm_.report(PiecesProven{});
}

// A peer that has a piece has its hash. A seeder has other things to do, and pushes the pieces that no peer shows.
void Member::ask_for_proof(Time now) {
  if (!swarm_.proof.is_due(now)) return;
  for (auto& [id, peer] : swarm_.neighbours) {
    if (!peer.has_hello || peer.is_seeder) continue;
    for (int asked = 0; asked < ProofWalk::at_once; ++asked) send(peer, RequestHashes{swarm_.proof.next()});
  }
}

void Member::tick(Time now) {
  receiver_.tick(now);
  ask_for_proof(now);
  watch_pushes(now);
  for (auto& [id, peer] : swarm_.neighbours) sender_.send_asked(peer);
  cut_stuck(now);
  act(now);
  if (rest_looked_for_.is_due(now) && rest_.is_due(is_needed(swarm_), now)) swarm_.report(Unneeded{});
}

// On a slow line a push may take longer than our patience; a peer whose connection still drains is not stuck.
void Member::watch_pushes(Time now) {
  if (swarm_.membership.role != Role::seed || !pushes_watched_.is_due(now)) return;
  for (auto& [id, peer] : swarm_.neighbours) {
    if (peer.outbox.drains(peer.link->unsent_bytes())) swarm_.policy.bytes_flow(id, now);
  }
}

// Each costs memory and a connection, and gives nothing.
void Member::cut_stuck(Time now) {
  if (!stuck_looked_for_.is_due(now)) return;
  std::vector<Link*> stuck;  // closing one takes it out of the neighbours
  for (auto& [id, peer] : swarm_.neighbours) {
    const std::size_t unsent = peer.has_hello ? sender_.count_unsent(peer) : 0;
    if (peer.outbox.is_stuck(unsent, peer.has_hello, now)) stuck.push_back(peer.link);
  }
  for (Link* link : stuck) link->close();
}

void Member::act(Time now) {
  if (swarm_.has_failed) return;
  for (const Action& action : swarm_.policy.decide(now)) {
    const PeerId id = std::visit([](const auto& a) { return a.peer; }, action);
    const auto found = swarm_.neighbours.find(id);
    if (found == swarm_.neighbours.end()) continue;
    Neighbour& peer = found->second;
    peer.link->set_no_delay(swarm_.policy.is_quick(id));
    if (const auto* ask = std::get_if<Ask>(&action))
      send(peer, Asked{ask->piece, !swarm_.membership.hashes.knows(ask->piece)});
    if (const auto* push = std::get_if<Push>(&action)) sender_.send_piece(peer, push->piece, true);
    if (const auto* offer = std::get_if<Offer>(&action)) send(peer, Offered{offer->ranges});
  }
  for (const PeerId id : swarm_.policy.take_lagging()) {
    const Identity& peer = swarm_.neighbours.at(id).identity;
    if (swarm_.node.lagging.note_failure(peer, now)) swarm_.report(PeerLags{peer});
  }
  for (const PieceIndex piece : swarm_.policy.take_released()) swarm_.report(PieceTaken{piece});
  swarm_.node.metrics.reassigned_pieces.add(swarm_.policy.reassigned() - reassigned_seen_);
  reassigned_seen_ = swarm_.policy.reassigned();
}

}  // namespace shoal::swarm
