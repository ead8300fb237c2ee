#include "shared/http/message.hpp"

#include <catch2/catch.hpp>

#include "shared/http/secret_header.hpp"

using namespace shoal;

TEST_CASE("repeated headers are joined, or given line by line") {
  const http::Headers headers{{"Accept", "a"}, {"X", "y"}, {"ACCEPT", "b, c"}};
  CHECK(http::find_header(headers, "accept") == "a, b, c");
  CHECK(http::find_header(headers, "x") == "y");
  CHECK_FALSE(http::find_header(headers, "absent"));
  CHECK(http::header_lines(headers, "Accept") == std::vector<std::string>{"a", "b, c"});
  CHECK(http::secret_header(headers, "accept") == Secret("a, b, c"));
  CHECK(http::secret_header(headers, "absent").empty());
}

TEST_CASE("lists that mean the same become the same text") {
  CHECK(http::sorted_list("b, a;q=0.5,\t*/*") == "*/*, a;q=0.5, b");
  CHECK(http::sorted_list("*/*,b, a;q=0.5, b ,,") == "*/*, a;q=0.5, b");
  CHECK(http::sorted_list(" , ") == "");
  CHECK(http::sorted_list("") == "");
  CHECK(http::sorted_list("b;x=\"1,2\", a") == "b;x=\"1,2\", a");
}

TEST_CASE("percent encoding and decoding are inverse") {
  std::string printable;
  for (int c = 0x20; c < 0x7f; ++c) printable += static_cast<char>(c);
  printable += "\xc3\xa4";
  CHECK(http::percent_decode(http::percent_encode(printable)) == printable);
  CHECK(http::percent_encode("a/b:c d~") == "a%2Fb%3Ac%20d~");
}

TEST_CASE("what would decode to a control character, or not at all, is nothing") {
  for (const char* bad : {"%", "%1", "%zz", "%0d%0a", "%00", "%7f", "a\nb", "%-1", "%+1"}) {
    INFO(bad);
    CHECK_FALSE(http::percent_decode(bad));
  }
}

TEST_CASE("a query's first value of a name counts") {
  http::Request request;
  request.query = "nsx=0&ns=docker.io%3A5000&ns=other&empty=&flag";
  CHECK(request.query_value("ns") == "docker.io:5000");
  CHECK(request.query_value("empty") == "");
  CHECK_FALSE(request.query_value("flag"));
  CHECK_FALSE(request.query_value("absent"));
  request.query = "ns=%0a";
  CHECK_FALSE(request.query_value("ns"));
}
