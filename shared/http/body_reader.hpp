// BodyReader: where the body of a response ends, and which of the received bytes belong to it. Written here because
// Beast 1.74 aborts on a malformed last chunk (found by tests/fuzz/http_response.cpp). Source: RFC 9112 sections 6
// and 7.
//
// Threads: any, one at a time for each object.
#pragma once

#include <cstdint>

#include "shared/core/bytes.hpp"
#include "shared/core/result.hpp"

namespace shoal::http {

class BodyReader {
 public:
  static BodyReader none() { return BodyReader(State::finished, 0); }
  static BodyReader of_length(std::uint64_t length) {
    return BodyReader(length == 0 ? State::finished : State::length, length);
  }
  static BodyReader chunked() { return BodyReader(State::chunk_head, 0); }
  static BodyReader until_end() { return BodyReader(State::until_end, 0); }

  struct Step {
    std::size_t consumed = 0;  // of the bytes given
    ByteView body;             // within them; may be empty though there is more to come
  };
  // The next stretch of body in `received`; consumes nothing when it needs more bytes first. Not once finished.
  Result<Step> step(ByteView received);
  bool finished() const { return state_ == State::finished; }
  // The other side has closed. `unavailable` when the body is not complete.
  Result<void> end_of_stream();

 private:
  enum class State { length, until_end, chunk_head, chunk_data, chunk_end, trailer, finished };
  BodyReader(State state, std::uint64_t left) : state_(state), left_(left) {}

  Step take(ByteView received, State afterwards);
  Result<Step> chunk_head(ByteView received);
  Result<Step> chunk_end(ByteView received);
  Result<Step> trailer(ByteView received);

  State state_;
  std::uint64_t left_;             // bytes of the body or chunk
  std::size_t trailer_bytes_ = 0;  // discarded
};

}  // namespace shoal::http
