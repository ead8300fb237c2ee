// Window: which part of a layer is in memory while it passes to readers, when there is room neither in the store nor in
// memory for all of it. It moves with the readers: pieces before the slowest are dropped, and no more is asked for than
// the foremost will read next. Pure; time is given.
//
//   dropped | kept: read, and being read | ahead: asked for now | not wanted yet
//           first                        foremost reader        wanted_end
//
// Threads: the loop.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "shared/core/clock.hpp"
#include "shared/layer/piece_layout.hpp"

namespace shoal::agent::pull {

class Window {
 public:
  // Of one reader: the next byte that it reads; nothing before it has asked for the first one.
  struct Place {
    std::optional<std::uint64_t> at;
  };
  // Shared: between the reader and the window, which forgets it once the reader is gone.
  using Reader = std::shared_ptr<Place>;

  // Without readers for so long, nobody is going to read on: a runtime asks for its next chunk at once, or resumes an
  // answer that broke off.
  static constexpr Milliseconds linger{10'000};

  // At most `size` is kept. The part of it that lies ahead of the foremost reader is a quarter: the rest is for readers
  // behind it.
  Window(PieceLayout layout, ByteCount size, Time now) : layout_(layout), size_(size), read_at_(now) {}

  Reader add_reader(Time now);
  bool contains(std::uint64_t at) const;  // kept, or wanted next
  void move(Place& reader, std::uint64_t at);

  // Moves on, as far as the readers and what has been hashed allow. True when it did.
  bool advance(std::uint64_t hashed_bytes, Time now);
  PieceIndex first() const { return first_; }            // pieces before it may be dropped
  PieceIndex wanted_end() const { return wanted_end_; }  // pieces before it are wanted now
  bool has_readers(Time now);
  bool is_abandoned(Time now) { return !has_readers(now) && now - read_at_ >= linger; }

 private:
  PieceIndex piece_at(std::uint64_t byte) const;

  PieceLayout layout_;
  ByteCount size_;
  Time read_at_;  // when there was a reader last
  std::vector<std::weak_ptr<Place>> readers_;
  std::uint64_t foremost_ = 0;  // that any reader was at
  bool has_begun_ = false;      // a reader has asked for bytes
  PieceIndex first_ = 0;
  PieceIndex wanted_end_ = 0;
};

}  // namespace shoal::agent::pull
