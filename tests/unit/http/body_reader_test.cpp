#include "shared/http/body_reader.hpp"

#include <catch2/catch.hpp>

#include "shared/http/head.hpp"

using namespace shoal;
using http::BodyReader;

namespace {

// The body of `received` as it comes in stretches of `stretch` bytes; nothing when it is malformed or does not end.
std::optional<std::string> read(BodyReader reader, std::string_view received, std::size_t stretch) {
  std::string body;
  std::size_t begin = 0;
  std::size_t end = 0;
  while (!reader.finished()) {
    const auto step = reader.step(bytes_of(received.substr(begin, end - begin)));
    if (!step) return std::nullopt;
    begin += step->consumed;
    body += text_of(step->body);
    if (step->consumed > 0) continue;
    if (end == received.size()) {
      if (!reader.end_of_stream()) return std::nullopt;
    }
    end = std::min(received.size(), end + stretch);
  }
  return body;
}

}  // namespace

TEST_CASE("a chunked body is the same however its bytes arrive") {
  const std::string_view chunked =
      "5\r\n12345\r\nA;name=\"x\"\r\n0123456789\r\n1 \r\nz\r\n000\r\nTrailer: x\r\n\r\nnext";
  for (std::size_t stretch = 1; stretch <= chunked.size(); ++stretch) {
    CHECK(read(BodyReader::chunked(), chunked, stretch) == "123450123456789z");
  }
}

TEST_CASE("malformed or unfinished chunks are no body") {
  for (const std::string& bad :
       {std::string(), std::string("5\r\n12345\r\n"), std::string("5\r\n123456\r\n0\r\n\r\n"), std::string("g\r\n"),
        std::string("-1\r\n"), std::string("0x5\r\n12345\r\n0\r\n\r\n"), std::string("\r\n"),
        std::string(" 5\r\n12345\r\n0\r\n\r\n"), std::string("5\n12345\n0\n\n"), std::string("10000000000000000\r\n"),
        std::string("5;a\rb\r\n12345\r\n0\r\n\r\n"), std::string("0\r\n"), std::string("0\r\nX: y\r\n"),
        std::string(5000, '0') + "\r\n", "0\r\nX: " + std::string(20'000, 'y') + "\r\n\r\n",
        std::string("0\r\n \0\0\0\0\0\0\r\nTg u\024\n\r\n", 20)}) {
    INFO(bad.substr(0, 60));
    CHECK_FALSE(read(BodyReader::chunked(), bad, 1));
    CHECK_FALSE(read(BodyReader::chunked(), bad, 100'000));
  }
}

TEST_CASE("a body with a length ends there, and one without at the end of the stream") {
  CHECK(read(BodyReader::of_length(3), "12345", 2) == "123");
  CHECK(read(BodyReader::of_length(0), "12345", 2) == "");
  CHECK_FALSE(read(BodyReader::of_length(6), "12345", 2));
  CHECK(read(BodyReader::until_end(), "12345", 2) == "12345");
  CHECK(read(BodyReader::none(), "12345", 2) == "");
}

TEST_CASE("an answer in a transfer coding that hides its end is not read") {
  CHECK_FALSE(http::parse_response_head("HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n", false));
  CHECK_FALSE(http::parse_response_head("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked, gzip\r\n\r\n", false));
  CHECK(http::parse_response_head("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", true)->body.finished());
}
