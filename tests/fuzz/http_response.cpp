// Any bytes as a server's answer, arriving in stretches of any length: reading it ends, and never gives a byte of body
// that did not arrive.
#include "shared/core/check.hpp"
#include "shared/http/head.hpp"

using namespace shoal;

namespace {

void read_body(http::BodyReader body, ByteView answer, std::size_t stretch) {
  std::size_t begin = 0;
  std::size_t end = 0;
  while (!body.finished()) {
    const ByteView unread = answer.subspan(begin, end - begin);
    if (!unread.empty()) {
      const auto step = body.step(unread);
      if (!step) return;
      SHOAL_CHECK(step->consumed <= unread.size() && step->body.size() <= step->consumed);
      begin += step->consumed;
      if (step->consumed > 0) continue;
    }
    if (end == answer.size()) {
      const auto ended = body.end_of_stream();
      SHOAL_CHECK(ended.has_value() == body.finished());
      return;
    }
    end = std::min(answer.size(), end + stretch);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const ByteView answer = std::as_bytes(std::span(data + 2, size - 2));
  const auto length = http::head_length(text_of(answer));
  if (!length) return 0;
  const auto head = http::parse_response_head(text_of(answer.first(*length)), data[1] == 'H');
  if (head) read_body(head->body, answer.subspan(*length), data[0] + std::size_t{1});
  return 0;
}
