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
#include "tracker/seeder/request.hpp"

namespace shoal::tracker::seeder {

class OriginReader {
 public:
  static constexpr int most_empty_bodies = 3;  // a connection or two may break by chance; an origin that sends nothing
                                               // three times does not send the layer
  // Between two requests: three times as long each time, or as long as the origin's Retry-After.
  static constexpr Milliseconds first_backoff{100};
  static constexpr Milliseconds longest_backoff{3'000};
  static constexpr Milliseconds keep_asking = control::timing::keep_asking;

  struct Parts {
    LayerSource& source;
    Clock& clock;
    Pace& pace;
    SeederMetrics& metrics;
  };
  // The bytes before `from` are there already.
  OriginReader(Parts parts, SeedRequest request, std::uint64_t from)
      : parts_(parts), request_(std::move(request)), position_(from) {}

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
  SeedRequest request_;
  std::unique_ptr<origin::LayerStream> stream_;
  ByteCount size_{};
  std::string content_type_;
  std::uint64_t position_;  // bytes of the layer returned, or there before
  std::uint64_t skip_ = 0;  // bytes of this body that were returned before: the origin ignored Range
  bool opened_ = false;
  int empty_bodies_ = 0;  // bodies in a row without a new byte
};

}  // namespace shoal::tracker::seeder
