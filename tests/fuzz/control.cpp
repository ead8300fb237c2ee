// Any bytes, as a tracker and as an agent decode them: the result is a message or an error. A message encodes to bytes
// that decode to it again.
#include <cstdlib>

#include "shared/control/messages.hpp"

namespace {

template <class Decode>
void check(shoal::ByteView frame, Decode decode) {
  const auto message = decode(frame);
  if (!message) return;
  const auto again = decode(shoal::control::encode(*message));
  if (!again || *again != *message) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace shoal;
  const auto frame = std::as_bytes(std::span(data, size));
  check(frame, control::decode_agent_message);
  check(frame, control::decode_tracker_message);
  return 0;
}
