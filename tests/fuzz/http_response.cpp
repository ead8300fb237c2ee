// Any bytes as a server's answer, arriving in stretches of any length: reading it ends, and never gives a byte of body
// that did not arrive. What its head gives keeps the promises that the rest of the program builds on.
#include <algorithm>

#include "shared/core/check.hpp"
#include "shared/http/head.hpp"
#include "tests/fuzz/expanded.hpp"

using namespace shoal;

namespace {

bool has_control_character(std::string_view text) {
  return std::any_of(text.begin(), text.end(), [](char c) { return (c >= 0 && c < 0x20 && c != '\t') || c == 0x7f; });
}

void check_head(const http::ResponseHead& head) {
  SHOAL_CHECK(head.status >= 100 && head.status <= 999);
  SHOAL_CHECK(head.headers.size() <= http::most_response_headers);
  for (const auto& header : head.headers) {
    SHOAL_CHECK(!header.name.empty() && header.name.find_first_of(" \t:\r\n") == std::string::npos);
    SHOAL_CHECK(!has_control_character(header.name + header.value));
  }
  const bool is_coded = http::find_header(head.headers, "Transfer-Encoding").value_or("identity") != "identity";
  const bool has_length = http::find_header(head.headers, "Content-Length").has_value();
  SHOAL_CHECK(is_coded || head.content_length.has_value() == has_length);
  SHOAL_CHECK(!head.keep_alive || !(has_length && is_coded && !head.content_length));
}

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
  const std::string text = expanded(data + 2, size - 2);
  const ByteView answer = bytes_of(text);
  const auto length = http::response_head_length(std::string_view(text).substr(0, http::largest_response_head));
  if (!length) return 0;
  SHOAL_CHECK(*length <= text.size() && text[*length - 1] == '\n');
  const auto head = http::parse_response_head(std::string_view(text).substr(0, *length), data[1] == 'H');
  if (!head) return 0;
  check_head(*head);
  read_body(head->body, answer.subspan(*length), data[0] + std::size_t{1});
  return 0;
}
