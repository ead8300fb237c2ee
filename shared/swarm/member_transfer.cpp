// Pieces of one swarm on their way in and out.
#include <algorithm>

#include "shared/control/timing.hpp"
#include "shared/core/check.hpp"
#include "shared/swarm/member.hpp"

namespace shoal::swarm {
namespace {

constexpr std::size_t most_unsent = 4 << 20;      // bytes queued to one peer before further asks of it wait
constexpr std::size_t most_waiting = 8;           // pieces kept in memory for want of a hash
constexpr Milliseconds waiting_answer{100};       // then all neighbours are asked for the hash, and the tracker again
constexpr Milliseconds waiting_limit = control::timing::hash_wait;  // then the piece is dropped
constexpr Milliseconds receiving_interval{200};   // swarm.hpp: Receiving
constexpr Milliseconds pushes_interval{100};      // how often the progress of pushes is looked at
constexpr Milliseconds stuck_interval{1000};      // how often peers that do nothing are looked for
constexpr Milliseconds greeting_limit{10'000};    // for a hello
constexpr Milliseconds reading_limit{10'000};     // in which a peer takes some of what it was sent
constexpr std::uint64_t least_unread = 64 << 10;  // bytes that may stay in a connection for ever
constexpr int most_unasked = 16;                  // pieces from one peer that nobody asked for
constexpr std::size_t least_aside = 128 << 10;    // bytes: below it the way to another thread costs more than it saves

// The piece in the file, or why not; nothing when the bytes are not that piece.
std::optional<Result<store::WrittenPiece>> keep(const ExpectedPiece& expected, ByteView bytes, store::PieceFile& file) {
  const Result<VerifiedPiece> verified = expected.verify(bytes);
  if (!verified) return std::nullopt;
  return file.write(*verified);
}

}  // namespace

bool Member::receive_piece(PeerId id, Neighbour& peer, ByteView body, std::size_t length, Time now) {
  if (length <= piece_header_size || length - piece_header_size > largest_part) return false;
  if (body.size() < piece_header_size) return true;
  const PieceHeader header = read_piece_header(body);
  if (!peer.in_message) {
    if (!begin_part(id, peer, header, length - piece_header_size, now)) return false;
    peer.in_message = true;
  } else {
    policy_.bytes_flow(id, now);
  }
  if (peer.incoming && peer.incoming->arrival == Arrival::wanted) note_bytes(now);
  if (body.size() < length) return true;
  peer.in_message = false;
  if (!end_part(id, peer, header, body.subspan(piece_header_size), now)) return false;
  act(now);
  return true;
}

void Member::note_bytes(Time now) {
  if (now < receiving_reported_ + receiving_interval) return;
  receiving_reported_ = now;
  report_(Receiving{});
}

bool Member::begin_part(PeerId id, Neighbour& peer, const PieceHeader& header, std::size_t part, Time now) {
  if (header.piece >= layout_.count() || shared_.bans.banned(peer.identity, now)) return false;
  const std::uint32_t whole = layout_.length(header.piece);
  if (header.offset >= whole || header.offset % largest_part != 0) return false;
  if (part != std::min(largest_part, whole - header.offset)) return false;
  if (header.offset != 0) {
    policy_.bytes_flow(id, now);
    return peer.incoming && peer.incoming->piece == header.piece && peer.incoming->filled == header.offset;
  }
  if (peer.incoming) return false;  // another piece was not finished
  peer.incoming = Incoming{header.piece, policy_.piece_begins(id, header.piece, now), 0, {}};
  return true;
}

bool Member::end_part(PeerId id, Neighbour& peer, const PieceHeader& header, ByteView part, Time now) {
  Incoming& incoming = *peer.incoming;
  (peer.is_seeder ? shared_.metrics.received_from_seeder_bytes : shared_.metrics.received_from_peers_bytes)
      .add(part.size());
  incoming.filled += static_cast<std::uint32_t>(part.size());
  const std::uint32_t whole = layout_.length(header.piece);
  const bool last = incoming.filled == whole;
  const Source source{id, peer.identity, peer.is_seeder};
  if (incoming.arrival != Arrival::wanted) {
    shared_.metrics.duplicate_bytes.add(part.size());
    if (!last) return true;
    if (incoming.arrival == Arrival::unasked) ++peer.unasked;
    peer.incoming.reset();
    return peer.unasked <= most_unasked;
  }
  if (part.size() == whole) {  // the usual case: nothing is copied
    peer.incoming.reset();
    return finish(source, header.piece, part, now);
  }
  incoming.bytes.reserve(whole);
  incoming.bytes.insert(incoming.bytes.end(), part.begin(), part.end());
  if (!last) return true;
  Bytes bytes = std::move(incoming.bytes);
  peer.incoming.reset();
  const ByteView view = bytes;
  return finish(source, header.piece, view, now, std::move(bytes));
}

// False when its sender is banned now. `owned`: the bytes themselves, if they may be taken.
bool Member::finish(const Source& source, PieceIndex piece, ByteView bytes, Time now, Bytes owned) {
  if (failed_) return true;
  const std::optional<ExpectedPiece> expected = membership_.hashes.expected(piece);
  if (!expected) {
    keep_waiting(source, piece, bytes, now);
    return true;
  }
  const bool is_new = !policy_.have().has(piece);
  if (is_new && shared_.aside && bytes.size() >= least_aside) {
    keep_aside(source, piece, *expected, owned.empty() ? copy_of(bytes) : std::move(owned));
    return true;
  }
  std::optional<Result<store::WrittenPiece>> written;
  if (is_new) written = keep(*expected, bytes, *membership_.file);
  return settle(source, piece, bytes.size(), written, now);
}

// Hashing and writing are most of what a large piece costs; meanwhile this thread reads on. Who turns out to have sent
// wrong bytes is turned away at its next message.
void Member::keep_aside(const Source& source, PieceIndex piece, const ExpectedPiece& expected, Bytes bytes) {
  struct Job {
    ExpectedPiece expected;
    Bytes bytes;
    std::shared_ptr<store::PieceFile> file;
    std::optional<Result<store::WrittenPiece>> written;
  };
  const auto job = std::make_shared<Job>(Job{expected, std::move(bytes), membership_.file, std::nullopt});
  const auto sender = aside_.insert(source.id);
  const auto done = [job, source, piece, sender, self = std::weak_ptr(self_)](Time now) {
    const std::shared_ptr<Member*> member = self.lock();
    if (!member) return;
    (*member)->aside_.erase(sender);
    (*member)->settle(source, piece, job->bytes.size(), job->written, now);
    (*member)->act(now);
  };
  shared_.aside([job] { job->written = keep(job->expected, job->bytes, *job->file); }, done);
}

// Counts what became of a whole piece; false when its sender is banned now.
bool Member::settle(const Source& source, PieceIndex piece, std::size_t size,
                    const std::optional<Result<store::WrittenPiece>>& written, Time now) {
  if (failed_) return true;
  if (policy_.have().has(piece)) {  // it came from another meanwhile
    shared_.metrics.duplicate_bytes.add(size);
    policy_.piece_verified(source.id, piece, now);
    return true;
  }
  if (!written) {
    shared_.metrics.corrupt_pieces.add();
    policy_.piece_bad(source.id, piece);
    // The seeder signed the hash of other bytes: its disk has lost some. There are other layers, and nobody else.
    const bool banned = !source.is_seeder && shared_.bans.blame(source.identity, now);
    report_(PieceRefused{piece, source.identity, banned});
    return !banned;
  }
  if (!*written) {
    fail_here(written->error());
    return true;
  }
  if (unproven_.size() > 0) unproven_.remove(piece);
  report_(PieceArrived{**written, source.is_seeder});
  policy_.piece_verified(source.id, piece, now);
  return true;
}

void Member::keep_waiting(const Source& source, PieceIndex piece, ByteView bytes, Time now) {
  if (waiting_.contains(piece) || waiting_.size() >= most_waiting) {
    policy_.piece_unproven(source.id, piece, now);
    return;
  }
  waiting_.emplace(piece, Waiting{source, copy_of(bytes), now, now});
  // We ask for hashes that we lack, and they come first: an agent that sent the piece alone has none that are signed.
  const auto sender = neighbours_.find(source.id);
  if (sender != neighbours_.end() && source.is_seeder) {
    send(sender->second, WantHashes{piece});
  } else {
    report_(HashesWanted{piece});
  }
}

void Member::retry_waiting(Time now) {
  for (auto it = waiting_.begin(); it != waiting_.end();) {
    if (!membership_.hashes.knows(it->first)) {
      ++it;
      continue;
    }
    const PieceIndex piece = it->first;
    const Waiting waiting = std::move(it->second);
    it = waiting_.erase(it);
    finish(waiting.source, piece, waiting.bytes, now);  // its sender is turned away at its next message if banned
  }
}

void Member::tick_waiting(Time now) {
  for (const PeerId sender : aside_) policy_.bytes_flow(sender, now);  // it did its part
  for (auto it = waiting_.begin(); it != waiting_.end();) {
    Waiting& waiting = it->second;
    if (now > waiting.since + waiting_limit) {
      policy_.piece_unproven(waiting.source.id, it->first, now);
      it = waiting_.erase(it);
      continue;
    }
    policy_.bytes_flow(waiting.source.id, now);  // it did its part
    if (now > waiting.asked + waiting_answer * (waiting.asked == waiting.since ? 1 : 5)) {
      waiting.asked = now;
      report_(HashesWanted{it->first});
      for (auto& [id, peer] : neighbours_) {
        if (peer.greeted) send(peer, WantHashes{it->first});
      }
    }
    ++it;
  }
}

void Member::send_hashes(Neighbour& peer, PieceIndex piece) {
  if (peer.knows_hash.has(piece)) return;
  const HashBatch* batch = membership_.hashes.batch_of(piece);
  if (batch == nullptr) return;
  send(peer, Hashes{*batch});
  for (std::size_t i = 0; i < batch->hashes.size(); ++i) peer.knows_hash.add(batch->first + static_cast<PieceIndex>(i));
}

void Member::send_piece(Neighbour& peer, PieceIndex piece, bool pushed) {
  send_hashes(peer, piece);
  const std::uint32_t whole = layout_.length(piece);
  shared_.frame.resize(frame_room + piece_header_size + largest_part);
  for (std::uint32_t offset = 0; offset < whole; offset += largest_part) {
    const std::size_t part = std::min(largest_part, whole - offset);
    const MutableBytes frame = MutableBytes(shared_.frame).first(frame_room + piece_header_size + part);
    write_piece_header(frame, {piece, offset, pushed});
    const Result<void> read = membership_.file->read_at(layout_.offset(piece) + offset, frame.last(part));
    if (!read) {
      fail_here(read.error());
      return;
    }
    peer.link->send(frame);
    peer.given += part;
    shared_.metrics.sent_bytes.add(part);
  }
}

std::size_t Member::unsent_bytes(Neighbour& peer) {
  const std::size_t unsent = peer.link->unsent_bytes();
  shared_.unsent_bytes += unsent - std::exchange(peer.counted_unsent, unsent);
  return unsent;
}

void Member::pump(Neighbour& peer) {
  while (!failed_ && !peer.queue.empty()) {
    const std::size_t unsent = unsent_bytes(peer);
    const bool all_leave_much = shared_.unsent_bytes >= shared_.most_unsent_bytes;
    if (unsent >= (all_leave_much ? 1 : most_unsent)) return;
    const PieceIndex piece = peer.queue.front();
    peer.queue.pop_front();
    send_piece(peer, piece, false);
  }
}

// On a slow line a push may take longer than our patience; what still drains is not stuck.
void Member::watch_pushes(Time now) {
  if (membership_.role != Role::seed || now < pushes_watched_ + pushes_interval) return;
  pushes_watched_ = now;
  for (auto& [id, peer] : neighbours_) {
    const std::size_t unsent = peer.link->unsent_bytes();
    if (unsent < peer.unsent_before) policy_.bytes_flow(id, now);
    peer.unsent_before = unsent;
  }
}

// Whether it never said hello, or leaves unread what it asked for.
bool Member::is_stuck(Neighbour& peer, Time now) {
  if (!peer.since) peer.since = peer.took = now;
  if (!peer.greeted) return now > *peer.since + greeting_limit;
  const std::uint64_t unread = std::min<std::uint64_t>(unsent_bytes(peer), peer.given);
  const std::uint64_t taken = peer.given - unread;
  if (taken > peer.taken || unread < least_unread) peer.took = now;
  peer.taken = taken;
  return now > peer.took + reading_limit;
}

// Each costs memory and a connection, and gives nothing.
void Member::cut_stuck(Time now) {
  if (now < looked_at_peers_ + stuck_interval) return;
  looked_at_peers_ = now;
  std::vector<Link*> stuck;  // closing one takes it out of the neighbours
  for (auto& [id, peer] : neighbours_) {
    if (is_stuck(peer, now)) stuck.push_back(peer.link);
  }
  for (Link* link : stuck) link->close();
}

}  // namespace shoal::swarm
