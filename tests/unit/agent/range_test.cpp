#include "agent/registry/range.hpp"

#include <catch2/catch.hpp>

using namespace shoal::agent::registry;

namespace {

RangeAnswer choose(const char* header, std::uint64_t size = 1000, bool complete = true) {
  return choose_range(std::string(header), size, complete);
}

void is(const RangeAnswer& answer, unsigned status, std::uint64_t first, std::uint64_t end) {
  CHECK(answer.status == status);
  REQUIRE(answer.spans.size() == 1);
  CHECK(answer.spans[0] == Span{first, end});
}

}  // namespace

TEST_CASE("without a Range the whole is sent") {
  is(choose_range(std::nullopt, 1000, true), 200, 0, 1000);
}

TEST_CASE("one range of each form gets 206") {
  is(choose("bytes=10-"), 206, 10, 1000);
  is(choose("bytes=10-19"), 206, 10, 20);
  is(choose("bytes=0-0"), 206, 0, 1);
  is(choose("bytes=-100"), 206, 900, 1000);
  is(choose("bytes=-5000"), 206, 0, 1000);
  is(choose("bytes=990-5000"), 206, 990, 1000);
}

TEST_CASE("bytes=0- gets 206 only when the layer is complete here") {
  is(choose("bytes=0-", 1000, true), 206, 0, 1000);
  is(choose("bytes=0-", 1000, false), 200, 0, 1000);
  is(choose("bytes=0-9", 1000, false), 206, 0, 10);
  is(choose("bytes=5-", 1000, false), 206, 5, 1000);
}

TEST_CASE("a range from behind the first byte never gets 200, complete or not: a chunked client has had its 206") {
  for (const bool complete : {true, false}) {
    for (const std::uint64_t first : {1, 500, 999}) {
      const std::string header = "bytes=" + std::to_string(first) + "-";
      is(choose_range(header, 1000, complete), 206, first, 1000);
    }
  }
}

TEST_CASE("only a range without an end is open-ended") {
  CHECK(choose("bytes=10-").open_ended);
  CHECK(choose("bytes=0-").open_ended);
  for (const char* header : {"bytes=10-999", "bytes=-10", "bytes=1000-", "bytes=x-"}) {
    CAPTURE(header);
    CHECK_FALSE(choose(header).open_ended);
  }
}

TEST_CASE("a layer of size 0 is sent whole whatever the range") {
  for (const char* header : {"bytes=0-", "bytes=1-", "bytes=-1", "bytes=0-0", "bytes=-0"}) {
    CAPTURE(header);
    is(choose(header, 0), 200, 0, 0);
  }
}

TEST_CASE("the unit has no case, spaces stand around a range, and empty elements do not count") {
  for (const char* header : {"Bytes=1-2", "BYTES=1-2", "bytes= 1-2", "bytes=1-2 ", "bytes=,1-2", "bytes=\t1-2 , ,"}) {
    CAPTURE(header);
    is(choose(header), 206, 1, 3);
  }
}

TEST_CASE("a number beyond 64 bits is a number: past the end, or the end") {
  CHECK(choose("bytes=99999999999999999999-").status == 416);
  is(choose("bytes=1-99999999999999999999"), 206, 1, 1000);
  is(choose("bytes=-99999999999999999999"), 206, 0, 1000);
}

TEST_CASE("a range past the end gets 416 with the size") {
  CHECK(choose("bytes=1000-").status == 416);
  CHECK(choose("bytes=18446744073709551615-").status == 416);
  CHECK(choose("bytes=-0").status == 416);
  CHECK(choose("bytes=1000-").spans.empty());
  CHECK(content_range(choose("bytes=1000-"), 1000) == "bytes */1000");
}

TEST_CASE("several ranges get 206 in the order asked for, adjacent ones too: clients pair parts with their ranges by it") {
  const auto spans = [](const char* header) { return choose(header).spans; };
  CHECK(choose("bytes=0-1,5-6").status == 206);
  CHECK(spans("bytes=0-1,5-6") == std::vector<Span>{{0, 2}, {5, 7}});
  CHECK(spans("bytes=500-599, 0-9 ,600-") == std::vector<Span>{{500, 600}, {0, 10}, {600, 1000}});
  CHECK(spans("bytes=0-0,-1") == std::vector<Span>{{0, 1}, {999, 1000}});
}

TEST_CASE("ranges that overlap are sorted and merged: no byte is sent twice, however often it is asked for") {
  const auto spans = [](const std::string& header) { return choose(header.c_str()).spans; };
  CHECK(spans("bytes=500-599,0-9,550-700") == std::vector<Span>{{0, 10}, {500, 701}});
  CHECK(spans("bytes=10-19,-990") == std::vector<Span>{{10, 1000}});
  std::string many = "bytes=0-";
  for (int i = 0; i < 1'000; ++i) many += ",0-";
  CHECK(spans(many) == std::vector<Span>{{0, 1000}});
}

TEST_CASE("of several ranges those past the end are left out; when all are, the answer is 416") {
  CHECK(choose("bytes=0-1,2000-3000,-0").spans == std::vector<Span>{{0, 2}});
  CHECK(choose("bytes=1000-1001,2000-,-0").status == 416);
}

TEST_CASE("more ranges than any client asks for get the whole") {
  std::string header = "bytes=0-0";
  for (std::size_t i = 1; i < most_ranges; ++i) header += "," + std::to_string(2 * i) + "-" + std::to_string(2 * i);
  CHECK(choose(header.c_str(), 10'000).spans.size() == most_ranges);
  header += ",9999-9999";
  is(choose(header.c_str(), 10'000), 200, 0, 10'000);
}

TEST_CASE("a request for parts alone is one whose ranges all have an end") {
  for (const char* header : {"bytes=0-1", "bytes=5-9,-3", "bytes=-1"}) {
    CAPTURE(header);
    CHECK(asks_for_parts(std::string(header)));
  }
  for (const char* header : {"", "bytes=0-", "bytes=5-", "bytes=0-1,5-", "bytes=x", "lines=0-1", "bytes=,"}) {
    CAPTURE(header);
    CHECK_FALSE(asks_for_parts(std::string(header)));
  }
  CHECK_FALSE(asks_for_parts(std::nullopt));
}

TEST_CASE("malformed ranges get the whole") {
  for (const char* header : {"", "bytes", "bytes=0-1, bytes=2-3", "bytes=0-1,x", "bytes=0-1,5-4", "bytes=", "bytes=,", "bytes=-",
                             "bytes=a-b", "bytes=5-1", "lines=1-2", "bytes=1", "bytes 1-2", "bytes =1-2", "bytes=1 -2",
                             "bytes=1- 2", "bytes=+1-2", "bytes=--1", "bytes=1-2-3", "bytes=0x1-"}) {
    CAPTURE(header);
    is(choose(header), 200, 0, 1000);
  }
}

TEST_CASE("Content-Range names the first and the last byte") {
  CHECK(content_range(Span{10, 20}, 1000) == "bytes 10-19/1000");
}
