// Answers as servers send them, and as Go's and curl's clients read them.
#include <catch2/catch.hpp>

#include "shared/http/head.hpp"

using namespace shoal;
using http::parse_response_head;

namespace {

// What the head says of where the body ends.
std::string body_of(const http::ResponseHead& head) {
  if (head.body.finished()) return "none";
  if (head.content_length) return std::to_string(*head.content_length);
  return http::find_header(head.headers, "Transfer-Encoding").value_or("") == "chunked" ? "chunked" : "until the end";
}

std::string body_of(const std::string& headers) {
  const auto head = parse_response_head("HTTP/1.1 200 OK\r\n" + headers + "\r\n", false);
  return head ? body_of(*head) : "malformed";
}

}  // namespace

TEST_CASE("a status line is read with or without its reason, and with whatever stands in it") {
  for (const std::string line :
       {"HTTP/1.1 200 OK", "HTTP/1.1 200 ", "HTTP/1.1 200", "HTTP/1.0 200 OK", "HTTP/1.1  200  OK", "HTTP/1.1\t200 OK",
        "HTTP/1.1 200 D\xe9j\xc3\xa0 vu \x01", "HTTP/1.1 200 OK ", "HTTP/2.0 200 OK", "HTTP/1.2 200 OK"}) {
    for (const std::string end : {"\r\n", "\n"}) {
      INFO(line);
      const auto head = parse_response_head(line + end + "Content-Length: 5" + end + end, false);
      REQUIRE(head);
      CHECK(head->status == 200);
      CHECK(head->content_length == 5U);
    }
  }
  CHECK(parse_response_head("HTTP/1.1 999 x\r\n\r\n", false)->status == 999);
}

TEST_CASE("what has no status is no answer") {
  for (const std::string line : {"", "HTTP/1.1", "HTTP/1.1 ", "HTTP/1.1 20", "HTTP/1.1 2000", "HTTP/1.1 20x", "HTTP/1.1 -20",
                                 "HTTP/1.1 099", "HTTP/1.1200 OK", "HTTP/11 200 OK", "HTTP/1 200 OK", "http/1.1 200 OK",
                                 "ICY 200 OK", "200 OK", " HTTP/1.1 200 OK", "SSH-2.0-OpenSSH", "HTTP/1.1 200OK"}) {
    INFO(line);
    const auto head = parse_response_head(line + "\r\n\r\n", false);
    REQUIRE_FALSE(head);
    CHECK(head.error().kind == ErrorKind::unavailable);
  }
}

TEST_CASE("a line that is no header is passed over, and the others count") {
  const std::string with_zero("X: \0", 4);
  for (const std::string& line : std::vector<std::string>{
           "no colon", "X Y: with a space in its name", ": without a name", "X\x01: y", "X: y\x01z", "X: y\rz", "(): x",
           " folded below nothing", "\tthe same", with_zero, "X\xc3\xa4: y", " Content-Length: 7"}) {
    INFO(line);
    const auto head = parse_response_head("HTTP/1.1 200 OK\r\n" + line + "\r\nETag: \"e\"\r\nContent-Length: 5\r\n\r\n", false);
    REQUIRE(head);
    CHECK(head->headers.size() == 2);
    CHECK(head->content_length == 5U);
  }
}

TEST_CASE("headers come through as they are meant") {
  const auto head = parse_response_head(
      "HTTP/1.1 200 OK\r\nA : before its colon\r\nB:none\r\nC: \t two \t \r\nD:\r\nE: one\r\n two\r\n\t three\r\nF: \xe9\r\n"
      "no colon\r\n folded below it\r\nG: x\ty\n\r\n",
      false);
  REQUIRE(head);
  const auto value = [&](const char* name) { return http::find_header(head->headers, name); };
  CHECK(head->headers.size() == 7);
  CHECK(value("a") == "before its colon");
  CHECK(value("B") == "none");
  CHECK(value("C") == "two");
  CHECK(value("D") == "");
  CHECK(value("E") == "one two three");
  CHECK(value("F") == "\xe9");
  CHECK(value("G") == "x\ty");
}

TEST_CASE("of a header that has one value the first line counts, and the lines of a list all do") {
  const auto head = parse_response_head(
      "HTTP/1.1 307 T\r\nLocation: /a\r\nlocation: /b\r\n folded\r\nContent-Type: x/y\r\nContent-Type: x/z\r\nLink: <a>\r\n"
      "Link: <b>\r\nWWW-Authenticate: Basic\r\nWWW-Authenticate: Bearer\r\n\r\n",
      false);
  REQUIRE(head);
  CHECK(http::find_header(head->headers, "Location") == "/a");
  CHECK(http::find_header(head->headers, "Content-Type") == "x/y");
  CHECK(http::find_header(head->headers, "Link") == "<a>, <b>");
  CHECK(http::header_lines(head->headers, "WWW-Authenticate").size() == 2);
}

TEST_CASE("where the body ends is taken from a length, from chunks, or from the end of the connection") {
  CHECK(body_of("Content-Length: 5\r\n") == "5");
  CHECK(body_of("content-length:5\r\n") == "5");
  CHECK(body_of("Content-Length : 5\r\n") == "5");
  CHECK(body_of("Content-Length: 5\r\nContent-Length: 5\r\n") == "5");
  CHECK(body_of("Content-Length: 5, 5\r\nContent-Length: 5\r\n") == "5");
  CHECK(body_of("Content-Length: 0\r\n") == "none");
  CHECK(body_of("Content-Length: 18446744073709551615\r\n") == "18446744073709551615");
  CHECK(body_of("Transfer-Encoding: chunked\r\n") == "chunked");
  CHECK(body_of("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n") == "chunked");  // RFC 9112 section 6.3
  CHECK(body_of("") == "until the end");
  CHECK(body_of("Transfer-Encoding: identity\r\n") == "until the end");
  CHECK(body_of("Transfer-Encoding: identity\r\nContent-Length: 5\r\n") == "5");
}

TEST_CASE("an answer that does not say where its body ends, or says it in two ways, is malformed") {
  for (const std::string headers :
       {"Content-Length: 5\r\nContent-Length: 6\r\n", "Content-Length: 5, 6\r\n", "Content-Length: 5,\r\n",
        "Content-Length:\r\n", "Content-Length: -5\r\n", "Content-Length: +5\r\n", "Content-Length: 0x5\r\n",
        "Content-Length: 5 6\r\n", "Content-Length: 5\r\n 6\r\n", "Content-Length: 5.0\r\n",
        "Content-Length: 18446744073709551616\r\n", "Content-Length: 5\x01\r\n", "Content-Length\r\n",
        "Transfer-Encoding: gzip\r\n", "Transfer-Encoding: gzip, chunked\r\n", "Transfer-Encoding: chunked, chunked\r\n",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", "Transfer-Encoding: xchunked\r\n",
        "Transfer-Encoding: chunked\x01\r\n", "Content-Length: 5\r\nContent-Length: 6\r\nTransfer-Encoding: chunked\r\n"}) {
    INFO(headers);
    CHECK(body_of(headers) == "malformed");
  }
}

TEST_CASE("a connection is kept only behind an answer whose end is certain") {
  const auto keeps = [](const std::string& head) { return parse_response_head(head + "\r\n", false)->keep_alive; };
  CHECK(keeps("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n"));
  CHECK(keeps("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n"));
  CHECK(keeps("HTTP/1.1 204 No\r\n"));
  CHECK(keeps("HTTP/1.0 200 OK\r\nContent-Length: 5\r\nConnection: Keep-Alive\r\n"));
  CHECK_FALSE(keeps("HTTP/1.0 200 OK\r\nContent-Length: 5\r\n"));
  CHECK_FALSE(keeps("HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: keep-alive\r\n"));
  CHECK_FALSE(keeps("HTTP/1.1 200 OK\r\n"));
  CHECK_FALSE(keeps("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: x, Close\r\n"));
  CHECK_FALSE(keeps("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n"));
}

TEST_CASE("an answer to HEAD and one without content have no body, whatever they say") {
  for (const char* said : {"Content-Length: 5\r\n", "Transfer-Encoding: chunked\r\n", ""}) {
    CHECK(parse_response_head(std::string("HTTP/1.1 200 OK\r\n") + said + "\r\n", true)->body.finished());
    for (const char* status : {"103", "204", "304"}) {
      CHECK(parse_response_head(std::string("HTTP/1.1 ") + status + "\r\n" + said + "\r\n", false)->body.finished());
    }
  }
}

TEST_CASE("a thousand headers are taken, and not one more") {
  std::string head = "HTTP/1.1 200 OK\r\n";
  for (int i = 0; i < 1'000; ++i) head += "X: y\r\n";
  CHECK(parse_response_head(head + "\r\n", false)->headers.size() == 1'000);
  CHECK_FALSE(parse_response_head(head + "X: y\r\n\r\n", false));
}

TEST_CASE("a head ends at its first empty line, with CR or without, however its bytes arrive") {
  for (const std::string head : {"HTTP/1.1 200 OK\r\nX: y\r\n\r\n", "HTTP/1.1 200 OK\nX: y\n\n", "HTTP/1.1 200 OK\nX: y\r\n\n",
                                 "HTTP/1.1 200 OK\r\nX: y\n\r\n", "HTTP/1.1 200\n\n"}) {
    INFO(head);
    for (std::size_t size = 0; size < head.size(); ++size) CHECK_FALSE(http::response_head_length(head.substr(0, size)));
    CHECK(http::response_head_length(head + "\n\nbody") == head.size());
  }
}
