// OriginReader: the bytes of one layer from the origin, in order, each once: paced, and resumed by Range from the first
// missing byte when the origin fails or cuts the body short.
//
// Errors: as origin::Origin::open; `unavailable` when the origin did not answer for ten seconds, or after three bodies
// in a row without a new byte; `corrupt` when the origin resumes with another size. Threads: the loop.
#pragma once

#include "shared/control/timing.hpp"
#include "tracker/seeder/layer_source.hpp"
#include "tracker/seeder/metrics.hpp"
#include "tracker/seeder/pace.hpp"

namespace shoal::tracker {

struct Wanted {  // a layer, and where the origin keeps it
  Digest digest;
  origin::Kind kind = origin::Kind::blob;
  origin::Repository repository;
  std::uint64_t size_hint_bytes = 0;  // of who wants it, from a manifest; 0: none

  bool same_source(const Wanted& other) const {
    return kind == other.kind && repository.upstream == other.repository.upstream &&
           repository.name == other.repository.name;
  }
};

class OriginReader {
 public:
  static constexpr int most_empty_bodies = 3;
  static constexpr Milliseconds first_backoff{100};      // then three times as long each time, unless the origin says
  static constexpr Milliseconds longest_backoff{3'000};  // how long it wants to be left alone
  static constexpr Milliseconds keep_asking = control::timing::keep_asking;

  struct Parts {
    LayerSource& source;
    Clock& clock;
    Pace& pace;
    SeederMetrics& metrics;
  };
  // The bytes before `from` are there already.
  OriginReader(Parts parts, Wanted wanted, std::uint64_t from)
      : parts_(parts), wanted_(std::move(wanted)), position_(from) {}

  // The head of the answer, from the first missing byte on. First.
  Task<Result<void>> open();
  ByteCount size() const { return size_; }
  const std::string& content_type() const { return content_type_; }

  // The next bytes, valid until the next call; empty after the last byte of the layer.
  Task<Result<ByteView>> next();

 private:
  Task<Result<void>> open_from_position();
  Task<Result<ByteView>> next_of_body();
  Result<void> check(const origin::LayerStream& stream) const;
  ByteView unseen(ByteView bytes);

  Parts parts_;
  Wanted wanted_;
  std::unique_ptr<origin::LayerStream> stream_;
  ByteCount size_{};
  std::string content_type_;
  std::uint64_t position_;  // bytes of the layer given out, or there before
  std::uint64_t skip_ = 0;  // bytes of this body that were given out before: the origin ignored Range
  bool opened_ = false;
  int empty_bodies_ = 0;  // bodies in a row that gave no new byte
};

}  // namespace shoal::tracker
