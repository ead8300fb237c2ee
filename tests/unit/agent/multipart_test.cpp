// The body of an answer to several ranges, byte by byte.
#include "agent/registry/multipart.hpp"

#include <catch2/catch.hpp>

using namespace shoal::agent::registry;

TEST_CASE("a body of two parts is as RFC 2046 has it, and as long as it says") {
  const Multipart multipart("B", "application/octet-stream", 1'000);
  const std::vector<Span> parts{{0, 2}, {998, 1'000}};
  const std::string body = multipart.head_of(parts[0]) + "ab" + multipart.head_of(parts[1]) + "yz" + multipart.end();
  CHECK(body ==
        "\r\n--B\r\nContent-Type: application/octet-stream\r\nContent-Range: bytes 0-1/1000\r\n\r\nab"
        "\r\n--B\r\nContent-Type: application/octet-stream\r\nContent-Range: bytes 998-999/1000\r\n\r\nyz"
        "\r\n--B--\r\n");
  CHECK(multipart.length(parts) == body.size());
  CHECK(multipart.content_type() == "multipart/byteranges; boundary=B");
}

TEST_CASE("each answer has a boundary of its own") {
  CHECK(random_boundary().size() == 32);
  CHECK(random_boundary() != random_boundary());
}
