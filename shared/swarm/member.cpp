#include "shared/swarm/member.hpp"

#include "shared/core/check.hpp"
#include "shared/crypto/signing.hpp"
#include "shared/log/log.hpp"

namespace shoal::swarm {
namespace {

constexpr std::size_t most_queued_asks = 16;   // of one peer; ours ask 4 at most
constexpr int most_asks_too_many = 100;        // beyond these, of one peer
constexpr std::size_t most_unread = 16 << 20;  // bytes a peer may leave unread and still ask for more
constexpr int most_bad_batches = 16;           // each costs us a signature check
constexpr Milliseconds proof_interval{100};    // in which a neighbour is asked for some hashes of unproven pieces
constexpr int proofs_at_once = 4;

// The same on all nodes, whatever their machine: FNV-1a.
std::uint64_t identity_of(const std::string& node) {
  std::uint64_t hash = 0xcbf29ce484222325U;
  for (const char c : node) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3U;
  return hash;
}

// Whether there may be something new to do after it: deciding what costs more than reading it.
bool changes_policy(const Message& message) {
  return std::holds_alternative<Hello>(message) || std::holds_alternative<Offered>(message) ||
         std::holds_alternative<Refused>(message);
}

Nearness nearness(const std::string& our_zone, const std::string& their_zone) {
  if (our_zone.empty()) return Nearness::nowhere;
  return our_zone == their_zone ? Nearness::near : Nearness::far;
}

}  // namespace

Member::Member(Membership membership, Shared& shared, std::function<void(Event)> report)
    : membership_(std::move(membership)),
      shared_(shared),
      report_(std::move(report)),
      layout_(membership_.file->layout()),
      policy_(membership_.role, membership_.have, identity_of(shared.node)),
      unproven_(std::move(membership_.unproven)) {
  SHOAL_CHECK(membership_.have.size() == layout_.count());
  for (PieceIndex piece = 0; piece < unproven_.size(); ++piece) {
    if (unproven_.has(piece)) policy_.withhold(piece);
  }
}

Member::~Member() {
  for (const auto& [id, peer] : neighbours_) shared_.unsent_bytes -= peer.counted_unsent;
  shared_.metrics.connections.add(-static_cast<std::int64_t>(neighbours_.size()));
}

PeerId Member::link_up(Link& link) {
  const PeerId id = next_id_++;
  Neighbour& peer = neighbours_[id];
  peer.link = &link;
  link.set_no_delay(true);
  peer.shown = policy_.shown();
  peer.knows_hash = PieceSet(layout_.count());
  Hello hello;
  hello.role = membership_.role;
  hello.node = shared_.node;
  hello.zone = shared_.zone;
  const Bytes nonce = random_bytes(hello.nonce.size());
  std::copy(nonce.begin(), nonce.end(), hello.nonce.begin());
  set_held(hello, peer.shown);
  send(peer, hello);
  shared_.metrics.connections.add(1);
  return id;
}

void Member::link_down(PeerId id, Time now) {
  const auto peer = neighbours_.find(id);
  if (peer == neighbours_.end()) return;
  shared_.unsent_bytes -= peer->second.counted_unsent;
  neighbours_.erase(peer);
  shared_.metrics.connections.add(-1);
  policy_.peer_left(id);
  act(now);
}

bool Member::receive(PeerId id, ByteView body, std::size_t length, Time now) {
  const auto found = neighbours_.find(id);
  if (found == neighbours_.end()) return false;
  if (body.empty()) return true;  // its kind did not come yet
  Neighbour& peer = found->second;
  if (is_piece(body)) return peer.greeted && receive_piece(id, peer, body, length, now);
  if (length > largest_body) return false;
  if (body.size() < length) return true;
  const Result<Message> message = decode(body);
  if (!message) return message.error().kind == ErrorKind::refused;  // a later version's kind is skipped
  if (!peer.greeted && !std::holds_alternative<Hello>(*message)) return false;
  if (!std::visit([&](const auto& m) { return on(id, peer, m, now); }, *message)) return false;
  if (changes_policy(*message)) act(now);
  return true;
}

bool Member::on(PeerId id, Neighbour& peer, const Hello& hello, Time now) {
  if (peer.greeted || hello.version != protocol_version) return false;
  peer.identity = {hello.node, peer.link->host()};
  if (shared_.bans.banned(peer.identity, now)) return false;
  const Result<PieceSet> held = held_pieces(hello, layout_.count());
  if (!held) return false;
  peer.greeted = true;
  peer.is_seeder = hello.role == Role::seed && peer.link->leads_to_seeder();  // who may push
  const Newcomer newcomer{peer.is_seeder, nearness(shared_.zone, hello.zone), identity_of(hello.node)};
  policy_.peer_came(id, newcomer, peer.shown, now);
  peer.shown = PieceSet();
  Offered offered;
  for (PieceIndex piece = 0; piece < held->size(); ++piece) {
    if (held->has(piece)) offered.ranges.push_back({piece, 1});
  }
  return on(id, peer, offered, now);
}

bool Member::in_layer(const PieceRange& range) const {
  return range.first < layout_.count() && range.count <= layout_.count() - range.first;
}

bool Member::on(PeerId id, Neighbour& peer, const Offered& offered, Time now) {
  for (const PieceRange& range : offered.ranges) {
    if (!in_layer(range)) return false;
    for (PieceIndex piece = range.first; piece < range.first + range.count; ++piece) peer.knows_hash.add(piece);
    policy_.peer_offers(id, range, now);
  }
  return true;
}

bool Member::on(PeerId, Neighbour& peer, const Asked& asked, Time now) {
  if (asked.piece >= layout_.count() || shared_.bans.banned(peer.identity, now)) return false;
  if (peer.link->unsent_bytes() > most_unread) return false;
  const bool is_full = peer.queue.size() >= most_queued_asks;
  if (is_full && ++peer.asks_too_many > most_asks_too_many) return false;
  if (!policy_.have().has(asked.piece) || is_full) {
    send(peer, Refused{asked.piece});
  } else {
    if (!asked.with_hash) peer.knows_hash.add(asked.piece);
    peer.queue.push_back(asked.piece);
    pump(peer);
  }
  return true;
}

bool Member::on(PeerId id, Neighbour&, const Refused& refused, Time) {
  if (refused.piece >= layout_.count()) return false;
  policy_.piece_lost(id, refused.piece);
  return true;
}

bool Member::on(PeerId, Neighbour& peer, const Hashes& hashes, Time now) {
  const PieceRange range{hashes.batch.first, static_cast<PieceIndex>(hashes.batch.hashes.size())};
  if (!in_layer(range)) return false;
  bool news = false;
  for (PieceIndex piece = range.first; piece < range.first + range.count; ++piece) {
    news |= !membership_.hashes.knows(piece) || membership_.hashes.batch_of(piece) == nullptr;
  }
  if (news) {
    const Result<void> added = membership_.hashes.add(hashes.batch, membership_.name, membership_.tracker_key);
    if (!added) return ++peer.bad_batches < most_bad_batches;
  }
  for (PieceIndex piece = range.first; piece < range.first + range.count; ++piece) peer.knows_hash.add(piece);
  if (news && (!waiting_.empty() || unproven_.held() > 0)) {
    prove(range);
    retry_waiting(now);
    act(now);
  }
  return true;
}

bool Member::on(PeerId, Neighbour& peer, const WantHashes& want, Time) {
  if (want.piece >= layout_.count() || peer.link->unsent_bytes() > most_unread) return false;
  peer.knows_hash.remove(want.piece);
  send_hashes(peer, want.piece);
  return true;
}

void Member::publish(const Publication& publication, Time now) {
  for (const HashBatch& batch : publication.batches) {
    membership_.hashes.add_trusted(batch);
    prove({batch.first, static_cast<PieceIndex>(batch.hashes.size())});
  }
  unhashed_.insert(unhashed_.end(), publication.in_file.begin(), publication.in_file.end());
  // A seeder pushes a piece only together with its hash.
  std::erase_if(unhashed_, [&](PieceIndex piece) {
    if (membership_.role == Role::seed && membership_.hashes.batch_of(piece) == nullptr) return false;
    policy_.in_file(piece);
    return true;
  });
  retry_waiting(now);
  act(now);
}

// The bytes are read again: what else could tell that they are this swarm's.
void Member::prove(const PieceRange& range) {
  const PieceIndex before = unproven_.held();
  for (PieceIndex piece = range.first; unproven_.held() > 0 && piece < range.first + range.count; ++piece) {
    if (!unproven_.has(piece)) continue;
    const Result<Bytes> bytes = membership_.file->read(piece);
    if (!bytes) return fail_here(bytes.error());
    const auto proven = membership_.hashes.verify(piece, *bytes);
    if (!proven) return fail_here({ErrorKind::corrupt, "a piece from before is not what the tracker says now"});
    unproven_.remove(piece);
    policy_.in_file(piece);
  }
  if (unproven_.held() < before) report_(PiecesProven{});
}

// Who has a piece has its hash; a seeder has other things to do, and pushes what nobody shows.
void Member::ask_for_proof(Time now) {
  if (unproven_.held() == 0 || now < proof_asked_ + proof_interval) return;
  proof_asked_ = now;
  for (auto& [id, peer] : neighbours_) {
    if (!peer.greeted || peer.is_seeder) continue;
    for (int asked = 0; asked < proofs_at_once; ++asked) {
      do {
        proof_wanted_ = (proof_wanted_ + 1) % unproven_.size();
      } while (!unproven_.has(proof_wanted_));
      send(peer, WantHashes{proof_wanted_});
    }
  }
}

void Member::tick(Time now) {
  tick_waiting(now);
  ask_for_proof(now);
  watch_pushes(now);
  for (auto& [id, peer] : neighbours_) pump(peer);
  cut_stuck(now);
  act(now);
}

void Member::send(Neighbour& peer, const Message& message) {
  Bytes frame = encode_frame(message);
  peer.link->send(frame);
}

void Member::act(Time now) {
  if (failed_) return;
  for (const Action& action : policy_.decide(now)) {
    const PeerId id = std::visit([](const auto& a) { return a.peer; }, action);
    const auto found = neighbours_.find(id);
    if (found == neighbours_.end()) continue;
    Neighbour& peer = found->second;
    peer.link->set_no_delay(policy_.is_quick(id));
    if (const auto* ask = std::get_if<Ask>(&action))
      send(peer, Asked{ask->piece, !membership_.hashes.knows(ask->piece)});
    if (const auto* push = std::get_if<Push>(&action)) send_piece(peer, push->piece, true);
    if (const auto* offer = std::get_if<Offer>(&action)) send(peer, Offered{offer->ranges});
  }
  shared_.metrics.reassigned_pieces.add(policy_.reassigned() - reassigned_seen_);
  reassigned_seen_ = policy_.reassigned();
}

void Member::fail_here(Error error) {
  if (failed_) return;
  failed_ = true;
  report_(Failed{std::move(error)});
}

}  // namespace shoal::swarm
