#include "shared/swarm/member/piece_receiver.hpp"

namespace shoal::swarm {
namespace {

constexpr std::size_t least_for_worker = 128 << 10;  // bytes: below it the way to the worker costs more than it saves

}  // namespace

bool PieceReceiver::receive(PeerId id, Neighbour& peer, ByteView body, std::size_t length, Time now) {
  if (length <= piece_header_size || length - piece_header_size > largest_part) return false;
  if (body.size() < piece_header_size) return true;
  const PieceHeader header = read_piece_header(body);
  if (peer.inbox.is_in_part()) {
    swarm_.policy.bytes_flow(id, now);
  } else if (!begin_part(id, peer, header, length - piece_header_size, now)) {
    return false;
  }
  if (peer.inbox.is_asked() && receiving_.is_due(now)) swarm_.report(Receiving{});
  return body.size() < length || end_part(id, peer, header.piece, body.subspan(piece_header_size), now);
}

bool PieceReceiver::begin_part(PeerId id, Neighbour& peer, const PieceHeader& header, std::size_t part_size, Time now) {
  if (!peer.inbox.may_begin(swarm_.layout(), header, part_size)) return false;
  if (header.offset == 0) {
    peer.inbox.begin_piece(header.piece, swarm_.policy.piece_begins(id, header.piece, now));
  } else {
    swarm_.policy.bytes_flow(id, now);
  }
  peer.inbox.begin_part();
  return true;
}

bool PieceReceiver::end_part(PeerId id, Neighbour& peer, PieceIndex piece, ByteView part, Time now) {
  Metrics& metrics = swarm_.node.metrics;
  (peer.is_seeder ? metrics.received_from_seeder_bytes : metrics.received_from_peers_bytes).add(part.size());
  if (!peer.inbox.is_asked()) metrics.duplicate_bytes.add(part.size());
  switch (peer.inbox.end_part(swarm_.layout(), part)) {
    case Inbox::Part::of_piece:
    case Inbox::Part::discarded:
      return true;
    case Inbox::Part::one_too_many:
      return false;
    case Inbox::Part::last:
      break;
  }
  Bytes owned = peer.inbox.take();
  const ByteView bytes = owned.empty() ? part : ByteView(owned);
  finish({id, peer.identity, peer.is_seeder}, piece, bytes, now, std::move(owned));
  return true;
}

PieceReceiver::Written PieceReceiver::verify_and_write(const ExpectedPiece& expected, ByteView bytes,
                                                       store::PieceFile& file) {
  const Result<VerifiedPiece> verified = expected.verify(bytes);
  if (!verified) return std::nullopt;
  return file.write(*verified);
}

void PieceReceiver::finish(const PieceSource& source, PieceIndex piece, ByteView bytes, Time now, Bytes owned) {
  if (swarm_.has_failed) return;
  const std::optional<ExpectedPiece> expected = swarm_.membership.hashes.expected(piece);
  if (!expected) return hold_until_hash(source, piece, bytes, now);
  const bool is_new = !swarm_.policy.have().has(piece);
  if (is_new && swarm_.node.run_on_worker && bytes.size() >= least_for_worker) {
    return verify_on_worker(source, piece, *expected, owned.empty() ? copy_of(bytes) : std::move(owned));
  }
  Written written;
  if (is_new) written = verify_and_write(*expected, bytes, *swarm_.membership.file);
  record_result(source, piece, bytes.size(), written, now);
}

// Hashing and writing are most of what a large piece costs; meanwhile this thread reads on.
void PieceReceiver::verify_on_worker(const PieceSource& source, PieceIndex piece, const ExpectedPiece& expected,
                                     Bytes bytes) {
  struct Job {
    ExpectedPiece expected;
    Bytes bytes;
    store::FileHandle file;
    Written written;
  };
  // Shared: by the worker and by the result on its way back.
  const auto job = std::make_shared<Job>(Job{expected, std::move(bytes), swarm_.membership.file, std::nullopt});
  const auto sender = on_worker_.insert(source.id);
  const auto done = [job, source, piece, sender, self = std::weak_ptr(self_)](Time now) {
    const std::shared_ptr<PieceReceiver*> receiver = self.lock();
    if (!receiver) return;
    PieceReceiver& own = **receiver;
    own.on_worker_.erase(sender);
    own.record_result(source, piece, job->bytes.size(), job->written, now);
    own.after_work_(now);
  };
  swarm_.node.run_on_worker([job] { job->written = verify_and_write(job->expected, job->bytes, *job->file); }, done);
}

void PieceReceiver::record_result(const PieceSource& source, PieceIndex piece, std::size_t size, const Written& written,
                                  Time now) {
  if (swarm_.has_failed) return;
  if (swarm_.policy.have().has(piece)) {  // it came from another peer meanwhile
    swarm_.node.metrics.duplicate_bytes.add(size);
    swarm_.policy.piece_verified(source.id, piece, now);
    return;
  }
  if (!written) {
    swarm_.node.metrics.corrupt_pieces.add();
    swarm_.policy.piece_bad(source.id, piece);
    // The seeder signed the hash of other bytes: its disk has lost some. It has other layers, and there is no other
    // seeder.
    const bool is_banned = !source.is_seeder && swarm_.node.bans.blame(source.identity, now);
    swarm_.report(PieceRefused{piece, source.identity, is_banned});
    return;
  }
  if (!*written) return swarm_.fail(written->error());
  swarm_.proof.remove(piece);
  swarm_.report(PieceArrived{**written, source.is_seeder});
  swarm_.policy.piece_verified(source.id, piece, now);
}

void PieceReceiver::hold_until_hash(const PieceSource& source, PieceIndex piece, ByteView bytes, Time now) {
  if (!pending_.has_place_for(piece)) return swarm_.policy.piece_unproven(source.id, piece, now);
  pending_.add({piece, source, copy_of(bytes)}, now);
  // We ask for hashes that we lack, and they come first: an agent that sent the piece alone has none that are signed.
  const auto sender = swarm_.neighbours.find(source.id);
  if (sender != swarm_.neighbours.end() && source.is_seeder) {
    send(sender->second, RequestHashes{piece});
  } else {
    swarm_.report(HashesMissing{piece});
  }
}

void PieceReceiver::hashes_came(Time now) {
  for (const PendingHashes::Piece& piece : pending_.take_known(swarm_.membership.hashes)) {
    finish(piece.source, piece.index, piece.bytes, now);
  }
}

void PieceReceiver::tick(Time now) {
  const PendingHashes::Due due = pending_.due(now);
  for (const PendingHashes::Piece& piece : due.dropped) swarm_.policy.piece_unproven(piece.source.id, piece.index, now);
  // Their senders have delivered: they are not silent.
  for (const PeerId sender : on_worker_) swarm_.policy.bytes_flow(sender, now);
  for (const PeerId sender : pending_.sources()) swarm_.policy.bytes_flow(sender, now);
  for (const PieceIndex piece : due.to_ask_for) {
    swarm_.report(HashesMissing{piece});
    for (auto& [id, peer] : swarm_.neighbours) {
      if (peer.has_hello) send(peer, RequestHashes{piece});
    }
  }
}

}  // namespace shoal::swarm
