// Any bytes: decoding ends with a message or an error; a message that came out encodes to bytes that decode to it
// again.
#include <cstdlib>

#include "shared/control/messages.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace shoal;
  const auto message = control::decode(std::as_bytes(std::span(data, size)));
  if (!message) return 0;
  const auto again = control::decode(control::encode(*message));
  if (!again || *again != *message) std::abort();
  return 0;
}
