// ResumingStream: the bytes of one layer, in order, each once. A body that breaks off is resumed by Range from the first
// missing byte. How often and how fast is a value of the caller, since a tracker serves many and an agent itself.
//
// Errors: as RangeSource::open, once the limits are used up; `corrupt` when a later answer names another size.
// Threads: the loop.
#pragma once

#include <limits>

#include "shared/core/clock.hpp"
#include "shared/origin/backoff.hpp"
#include "shared/origin/origin.hpp"

namespace shoal::origin {

// Of a layer, for the log.
struct LayerName {
  Digest digest;
  std::string image;  // upstream/repository
};

// One layer at a server that understands Range: a registry, or an agent that holds the layer.
class RangeSource {
 public:
  virtual ~RangeSource() = default;
  // The layer from byte `from`, or from its start when the server ignores the Range.
  virtual Task<Result<std::unique_ptr<LayerStream>>> open(std::uint64_t from) = 0;
  // The stream opened last gave `all` bytes, `fresh` of them for the first time. Returns when reading may go on.
  virtual Task<void> received(ByteCount all, ByteCount fresh) = 0;
};

struct ResumeLimits {
  // An open that is `unavailable` is repeated until this time has passed, pauses included; 0: it is not repeated. The
  // server's Retry-After lengthens a pause. The first one is not repeated after a fault that lasts (faults.hpp).
  Milliseconds open_time{};
  Backoff open_backoff{};
  // Bodies that broke off: in all, and in a row without a fresh byte. The one that reaches the limit is the last.
  int bodies = std::numeric_limits<int>::max();
  int empty_bodies = 1;
  Backoff body_backoff{};
};

class ResumingStream {
 public:
  // `source` and `clock` outlive the stream. The bytes before `from` are not asked for.
  ResumingStream(RangeSource& source, Clock& clock, LayerName name, ResumeLimits limits, std::uint64_t from);

  // The head of the answer. Called once, before `size` and `next`.
  Task<Result<void>> open();
  ByteCount size() const { return answer_->size; }                           // of the whole layer
  const std::string& content_type() const { return answer_->content_type; }  // of the answer opened last
  std::uint64_t position() const { return position_; }                       // of the next byte

  // The next bytes, valid until the next call; empty after the last byte of the layer.
  Task<Result<ByteView>> next();

 private:
  struct Answer {  // the head of the one opened last
    ByteCount size;
    std::string content_type;
  };
  struct Body {  // the one being read
    std::unique_ptr<LayerStream> stream;
    std::uint64_t skip = 0;  // bytes that were given before: the server ignored Range
    bool gave_fresh = false;
  };
  struct Broken {  // bodies that broke off
    int in_all = 0;
    int empty_in_a_row = 0;
  };
  Task<Result<void>> open_once();
  Task<Result<ByteView>> next_of_body();
  Result<void> check(const LayerStream& stream) const;
  bool may_resume();
  ByteView unseen(ByteView bytes);

  RangeSource& source_;
  Clock& clock_;
  LayerName name_;
  ResumeLimits limits_;
  std::uint64_t position_;
  std::optional<Answer> answer_;  // none before `open`
  std::optional<Body> body_;      // none while it has to be opened (again)
  Broken broken_;
};

}  // namespace shoal::origin
