// The door for JSON from outside: what is read, and what ends it.
#include "shared/json/reader.hpp"

#include <catch2/catch.hpp>

using namespace shoal;

namespace {

struct Spoken {
  std::string text(const json::Place&, const json::Object&) const { return "{}"; }
  std::string text(const json::Place&, const json::Array&) const { return "[]"; }
  std::string text(const json::Place&, std::string_view value) const { return "'" + std::string(value) + "'"; }
  std::string text(const json::Place&, std::uint64_t value) const { return std::to_string(value); }
  std::string text(const json::Place&, const json::Other&) const { return "other"; }
};

// Each value with the depth of its place: "0{} 1'a' 1[] 2 7".
std::string events_of(std::string_view text, const json::Limits& limits = {}) {
  std::string events;
  const auto read = json::read(text, limits, [&](const json::Place& place, const json::Value& value) {
    const std::string said = std::visit([&](const auto& one) { return Spoken{}.text(place, one); }, value);
    events += (events.empty() ? "" : " ") + std::to_string(place.depth()) + said;
  });
  return read ? events : read.error().what;
}

std::string nested(std::size_t depth, const std::string& open, const std::string& close) {
  std::string text;
  for (std::size_t i = 0; i < depth; ++i) text += open;
  text += "1";
  for (std::size_t i = 0; i < depth; ++i) text += close;
  return text;
}

}  // namespace

TEST_CASE("a JSON text is told value by value, each with its place") {
  CHECK(events_of(R"({"a":"x","b":[1,{"c":2}]})") == "0{} 1'x' 1[] 21 2{} 32");
  CHECK(events_of("  [ ] ") == "0[]");
  CHECK(events_of("18446744073709551615") == "018446744073709551615");
}

TEST_CASE("a number that is no count is told as another value") {
  CHECK(events_of("[-1,1.5,1e3,null,true,18446744073709551616]") == "0[] 1other 1other 1other 1other 1other 1other");
}

TEST_CASE("a place is the names of the fields and the elements that lead to it") {
  std::vector<std::string> seen;
  const auto read = json::read(R"({"l":[{"d":1}],"[]":{"d":2},"d":3})", {}, [&](const auto& place, const auto& value) {
    const auto* number = std::get_if<std::uint64_t>(&value);
    if (number == nullptr) return;
    if (place.is({"l", json::any_element, "d"})) seen.push_back("element " + std::to_string(*number));
    if (place.is({json::any_element, "d"})) seen.push_back("a field called [] " + std::to_string(*number));
    if (place.is({"d"})) seen.push_back("top " + std::to_string(*number));
  });
  CHECK(read);
  CHECK(seen == std::vector<std::string>{"element 1", "top 3"});
}

TEST_CASE("a field that is named twice is told twice") {
  CHECK(events_of(R"({"a":1,"a":2})") == "0{} 11 12");
}

TEST_CASE("a string is told without its escapes") {
  CHECK(events_of(R"("\u00e4\n\"")") == "0'\u00e4\n\"'");
}

TEST_CASE("a text that is not one whole JSON value is refused") {
  for (const char* text : {"", " ", "{", "[1,", "{\"a\"}", "[1]x", "nul", "01", "'a'", "\"\x80\"", "\"\n\"", "// 1", "1 2",
                           "[1,]", "\"\\ud800\""}) {
    CAPTURE(text);
    CHECK(events_of(text) == "read JSON: malformed");
  }
}

TEST_CASE("nothing of the text stands in the error") {
  const auto read = json::read(R"({"token":"secret" "secret"})", {}, [](const auto&, const auto&) {});
  REQUIRE_FALSE(read);
  CHECK(read.error().kind == ErrorKind::refused);
  CHECK_THAT(read.error().what, !Catch::Contains("secret"));
}

TEST_CASE("values nest as deep as the limit says, and no deeper") {
  const json::Limits limits{.depth = 3};
  CHECK(events_of(nested(3, "[", "]"), limits) == "0[] 1[] 2[] 31");
  CHECK(events_of(nested(4, "[", "]"), limits) == "read JSON: nested deeper than 3");
  CHECK(events_of(nested(3, R"({"a":)", "}"), limits) == "0{} 1{} 2{} 31");
  CHECK(events_of(nested(4, R"({"a":)", "}"), limits) == "read JSON: nested deeper than 3");
  CHECK(events_of("[[1],[2],[3],[4]]", limits) == "0[] 1[] 21 1[] 22 1[] 23 1[] 24");
}

TEST_CASE("a text nested 2,000,000 deep is refused like one that is nested a little too deep") {
  for (const std::size_t depth : {33U, 100'000U, 2'000'000U}) {
    CHECK(events_of(nested(depth, "[", "]")) == "read JSON: nested deeper than 32");
    CHECK(events_of(std::string(depth, '[')) == "read JSON: nested deeper than 32");
    CHECK(events_of(nested(depth, R"({"a":)", "}")) == "read JSON: nested deeper than 32");
    CHECK(events_of(R"({"config":)" + nested(depth, "[", "]") + "}") == "read JSON: nested deeper than 32");
  }
}

TEST_CASE("a name, a string, a number and white space are as long as the limit says, and no longer") {
  const json::Limits limits{.token_bytes = 20};
  const std::string longest(17, 'x');
  CHECK(events_of("\"" + longest + "\"", limits) == "0'" + longest + "'");
  for (const std::string& text : {"\"" + std::string(40, 'x') + "\"", "[\"" + std::string(40, 'x') + "\"]",
                                  "{\"" + std::string(40, 'x') + "\":1}", std::string(40, '1'),
                                  std::string(40, ' ') + "1", "1" + std::string(40, ' '), "1" + std::string(40, ' ') + "2",
                                  "[1," + std::string(40, '\n') + "2]", "\"" + std::string(1'000'000, 'x')}) {
    CHECK(events_of(text, limits) == "read JSON: a token of more than 20 bytes");
  }
}

TEST_CASE("as many values are told as the limit says, and no more") {
  const json::Limits limits{.values = 4};
  CHECK(events_of("[1,2,3]", limits) == "0[] 11 12 13");
  CHECK(events_of("[1,2,3,4]", limits) == "read JSON: more than 4 values");
  CHECK(events_of("[1,2,{},[]]", limits) == "read JSON: more than 4 values");
}

TEST_CASE("a place names the fields that lead to it") {
  std::string names;
  const auto read = json::read(R"({"auths":{"reg.test":{"auth":"x"}},"list":[{"a":1}]})", {},
                               [&](const json::Place& place, const json::Value& value) {
                                 if (std::holds_alternative<json::Object>(value)) return;
                                 for (std::size_t step = 0; step < place.depth(); ++step) names += place.name(step) + "/";
                                 names += " ";
                               });
  REQUIRE(read);
  CHECK(names == "auths/reg.test/auth/ list/ list//a/ ");
}
