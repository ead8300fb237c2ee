#include "shared/log/log.hpp"

#include <unistd.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <cstdio>
#include <limits>

#include "shared/log/line.hpp"

using namespace shoal;

namespace {

// What is written to standard error while `act` runs; little enough to fit a pipe.
template <class Act>
std::string standard_error_of(Act act) {
  int ends[2];
  REQUIRE(::pipe(ends) == 0);
  std::fflush(stderr);
  const int before = ::dup(2);
  ::dup2(ends[1], 2);
  ::close(ends[1]);
  act();
  CHECK(log::flush());
  ::dup2(before, 2);
  ::close(before);
  std::string text;
  char buffer[4096];
  ssize_t count = 0;
  while ((count = ::read(ends[0], buffer, sizeof buffer)) > 0) text.append(buffer, static_cast<std::size_t>(count));
  ::close(ends[0]);
  return text;
}

// Without the time before it. Of level info: the same warning is written once a minute.
std::string line_of(std::string_view room, std::string_view event, std::initializer_list<log::Field> fields) {
  const std::string line = standard_error_of([&] { log::info(room, event, fields); });
  return line.substr(line.find(' ') + 1);
}

}  // namespace

TEST_CASE("a line is an event and its fields") {
  REQUIRE(log::configure("info", "text"));
  CHECK(line_of("store", "evicted a layer", {{"digest", "sha256:ab"}, {"bytes", 42}, {"share", true}}) ==
        "info store: evicted a layer digest=sha256:ab bytes=42 share=true\n");
}

TEST_CASE("a line begins with the time, with its zone") {
  REQUIRE(log::configure("info", "text"));
  const std::string line = standard_error_of([] { log::warning("store", "event"); });
  CHECK_THAT(line, Catch::Matches(
                       "\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d\\.\\d{3}[+-]\\d\\d:\\d\\d warning store: event\n"));
}

TEST_CASE("no value can forge a line or a field") {
  REQUIRE(log::configure("info", "text"));
  CHECK(line_of("r", "e", {{"k", "a\nb"}}) == "info r: e k=\"a\\x0ab\"\n");
  CHECK(line_of("r", "e", {{"k", "a other=b"}}) == "info r: e k=\"a other=b\"\n");
  CHECK(line_of("r", "e", {{"k", "a\"b\\c"}}) == "info r: e k=\"a\\\"b\\\\c\"\n");
  CHECK(line_of("r", "e", {{"k", ""}}) == "info r: e k=\"\"\n");
  CHECK(line_of("r", "e", {{"k", "a=b"}}) == "info r: e k=\"a=b\"\n");
  CHECK(line_of("r", "e", {{"k", "\x1b[31m\x7f\xc3\xbc"}}) == "info r: e k=\"\\x1b[31m\\x7f\\xc3\\xbc\"\n");
  CHECK(line_of("r", "e", {{"k", std::string("a\0b", 3)}}) == "info r: e k=\"a\\x00b\"\n");
  CHECK(line_of("r", "e", {{"k", "{} %s %v"}}) == "info r: e k=\"{} %s %v\"\n");
}

TEST_CASE("in JSON every line is one object, and numbers and truth values stay what they are") {
  REQUIRE(log::configure("info", "json"));
  const std::string line = standard_error_of([] { log::error("room", "event", {{"k", "a\n\"\\\xff"}, {"n", 7}, {"b", false}, {"d", 0.5}}); });
  CHECK_THAT(line, Catch::StartsWith("{\"time\":\"2"));
  CHECK_THAT(line, Catch::EndsWith(
                       "\"level\":\"error\",\"room\":\"room\",\"event\":\"event\",\"k\":\"a\\u000a\\\"\\\\\\u00ff\","
                       "\"n\":7,\"b\":false,\"d\":0.500000}\n"));
}

TEST_CASE("JSON has no infinity, so it is a text there") {
  REQUIRE(log::configure("info", "json"));
  const std::string line = standard_error_of([] { log::error("r", "e", {{"d", std::numeric_limits<double>::infinity()}}); });
  CHECK_THAT(line, Catch::EndsWith("\"d\":\"inf\"}\n"));
}

TEST_CASE("text is printed as it stands") {
  CHECK(standard_error_of([] { log::print("shoal: cannot start: \"x\""); }) == "shoal: cannot start: \"x\"\n");
}

TEST_CASE("the format can change back to text") {
  REQUIRE(log::configure("info", "json"));
  REQUIRE(log::configure("info", "text"));
  CHECK(line_of("r", "e", {}) == "info r: e\n");
}

TEST_CASE("lines below the level are not written") {
  REQUIRE(log::configure("warning", "text"));
  CHECK(standard_error_of([] { log::info("r", "e"); }).empty());
  CHECK(standard_error_of([] { log::debug("r", "e"); }).empty());
  CHECK_FALSE(standard_error_of([] { log::warning("r", "e"); }).empty());
  REQUIRE(log::configure("debug", "text"));
  CHECK_FALSE(standard_error_of([] { log::debug("r", "e"); }).empty());
}

TEST_CASE("an unknown level or format is refused") {
  CHECK_FALSE(log::configure("loud", "text"));
  CHECK_FALSE(log::configure("info", "xml"));
  CHECK_FALSE(log::configure("", ""));
}

TEST_CASE("the same warning is written once, and counted") {
  REQUIRE(log::configure("info", "text"));
  const std::uint64_t before = log::repeated_lines();
  const std::string lines = standard_error_of([] {
    for (int i = 0; i < 3; ++i) log::warning("link", "tracker lost", {{"tracker", "one"}, {"cause", "reset"}});
    log::error("link", "tracker lost", {{"tracker", "two"}, {"cause", "reset"}});
    for (int i = 0; i < 2; ++i) log::info("link", "tracker connected", {{"tracker", "one"}});
  });
  CHECK(std::count(lines.begin(), lines.end(), '\n') == 4);
  CHECK(log::repeated_lines() == before + 2);
}

TEST_CASE("a line tells how many of the same were left out before it, as a number") {
  CHECK(log::text_line({"r", "e", {{"k", "v"}}, 3}) == "r: e k=v repeated=3");
  CHECK(log::json_line({"r", "e", {{"k", "v"}}, 3}) == R"("room":"r","event":"e","k":"v","repeated":3})");
  CHECK(log::text_line({"r", "e", {}, 0}) == "r: e");
}
