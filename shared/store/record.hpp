// Record: which pieces of a partial layer are in its file, beside that file, so that a pull can be taken up again
// after a restart.
//
// File: "SHOALPC1", digest, size and generation in shared/core/codec.hpp's format, 32 bytes of SHA-256 over these,
// padded with zeros to 256 bytes; then one slot of 32 bytes a piece: its SHA-256, or zeros while it is missing. Nothing
// here is ever synchronised: after a power cut the record may lie, so every piece is read and hashed again before it
// counts (PieceFile::recheck).
//
// Threads: `note` from any; the rest from one.
#pragma once

#include <atomic>
#include <vector>

#include "shared/core/digest.hpp"
#include "shared/layer/swarm_name.hpp"
#include "shared/store/disk.hpp"
#include "shared/store/piece_file.hpp"

namespace shoal::store {

struct RecordHead {
  Digest digest;
  std::uint64_t size_bytes = 0;
  Generation generation = 0;  // of the swarm that the pieces belong to

  template <class C>
  static void fields(C& codec, RecordHead& m) {
    codec.field(m.digest), codec.field(m.size_bytes), codec.field(m.generation);
  }
  friend bool operator==(const RecordHead&, const RecordHead&) = default;
};

inline constexpr std::uint64_t record_head_bytes = 256;

// Of pieces that came from an origin directly: their hashes are nobody's but ours.
inline constexpr Generation of_no_swarm = 0xffffffff;

Bytes encode_record_head(const RecordHead& head);  // record_head_bytes
// `corrupt` for anything else.
Result<RecordHead> decode_record_head(ByteView bytes);

class Record {
 public:
  // Starts a record in an empty file.
  static Result<std::unique_ptr<Record>> create(Descriptor file, const RecordHead& head, Faults* faults);
  // Goes on with the one in the file: `corrupt` when it is none of this layer.
  static Result<std::unique_ptr<Record>> open(Descriptor file, const Digest& digest, ByteCount size, Faults* faults);

  // The piece is in the layer's file. A record that cannot be written is given up: it costs a download, not the layer.
  void note(PieceIndex piece, const Hash256& hash);
  Result<std::vector<NotedPiece>> pieces() const;
  bool empty() const { return !any_; }
  Generation generation() const { return head_.generation; }
  // The pieces to come belong to another generation; those noted are forgotten.
  Result<void> start_generation(Generation generation);
  // The pieces noted and to come belong to no swarm.
  Result<void> leave_generations();

 private:
  Record(Descriptor file, RecordHead head, Faults* faults) : file_(std::move(file)), head_(head), faults_(faults) {}
  Descriptor file_;
  RecordHead head_;
  Faults* faults_;
  std::atomic<bool> any_{false};
  std::atomic<bool> given_up_{false};
};

}  // namespace shoal::store
