// JSON that passes in parts: the same is told of it however it is cut, and what is malformed is refused.
#include "shared/json/scanner.hpp"

#include <catch2/catch.hpp>

using namespace shoal;

namespace {

std::string said(const json::Value& value) {
  if (std::holds_alternative<json::Object>(value)) return "{}";
  if (std::holds_alternative<json::Array>(value)) return "[]";
  if (const auto* text = std::get_if<std::string_view>(&value)) return "'" + std::string(*text) + "'";
  return "other";
}

// Each value that is shown with the names and "[]" that lead to it, "a/[]='x'"; "malformed" or "part" at a fault.
std::string scanned(std::string_view text, std::size_t step, std::size_t shown_depth = 2) {
  std::string events;
  json::Scanner scanner(shown_depth, [&](const json::Place& place, const json::Value& value) {
    std::string path;
    for (std::size_t i = 0; i < place.depth(); ++i) {
      path += (i > 0 ? "/" : "") + (place.name(i).empty() ? std::string("[]") : place.name(i));
    }
    events += (events.empty() ? "" : " ") + path + "=" + said(value);
  });
  for (std::size_t at = 0; at < text.size(); at += step) {
    if (!scanner.push(text.substr(at, step))) return "malformed";
  }
  return scanner.finish() ? events : "part";
}

std::string scanned(std::string_view text) {
  const std::string whole = scanned(text, std::max<std::size_t>(text.size(), 1));
  for (const std::size_t step : {1, 2, 3, 7}) CHECK(scanned(text, step) == whole);
  return whole;
}

std::string nested(std::size_t depth) {
  return std::string(depth, '[') + std::string(depth, ']');
}

}  // namespace

TEST_CASE("values near the root are shown with their places, and deeper ones are not") {
  CHECK(scanned(R"( {"a":"x","b":[{"c":{"d":1}},[2],"y"],"e":{"f":"z","g":-1.5e+7}} )") ==
        "={} a='x' b=[] b/[]={} b/[]=[] b/[]='y' e={} e/f='z' e/g=other");
  CHECK(scanned(R"([[[[null,true,false,1,"x",{"a":null}]]]])") == "=[] []=[] []/[]=[]");
  CHECK(scanned("[[[[nul]]]]") == "malformed");
  CHECK(scanned("[[[[nulll]]]]") == "malformed");
  CHECK(scanned("[]") == "=[]");
  CHECK(scanned("\"x\"") == "='x'");
  CHECK(scanned("17") == "=other");
  CHECK(scanned("true") == "=other");
  CHECK(scanned("\xef\xbb\xbf{}") == "={}");
  CHECK(scanned(R"({"a":{"b":{"c":[]}},"d":"x"})", 1, 1) == "={} a={} d='x'");
}

TEST_CASE("escaped characters count as what they mean, and what cannot be shown is not") {
  CHECK(scanned(R"({"a\u0062":"x\/\"\\\n\u0041"})") == "={} ab='x/\"\\\nA'");
  CHECK(scanned(R"({"a":"\u00e9"})") == "={} a=other");
  CHECK(scanned(R"({"\u00e9":"x"})") == "={} []='x'");
  CHECK(scanned("{\"a\":\"" + std::string(300, 'x') + "\"}") == "={} a=other");
  CHECK(scanned("{\"a\":\"" + std::string(256, 'x') + "\"}") == "={} a='" + std::string(256, 'x') + "'");
}

TEST_CASE("what is no JSON is refused at its first byte that cannot be") {
  for (const char* bad : {"<html>", "{]", "[}", "{\"a\"}", "{\"a\":}", "{\"a\":1,}", "[1,]", "[,1]", "{1:2}", "{} {}", "1 2",
                          "{\"a\":tru}", "{\"a\":nulls}", "{\"a\":+1}", "\"\\x\"", "\"\\u00g0\"", "\"a\nb\"", "]", "\xef\xbb{}",
                          "[1 2]", "{\"a\" 1}", "'a'"}) {
    CAPTURE(bad);
    CHECK(scanned(bad) == "malformed");
  }
  CHECK(scanned(nested(1'024), 1, 0) == "=[]");
  CHECK(scanned(nested(1'025), 1, 0) == "malformed");
}

TEST_CASE("what ends before its end is not whole, and a fault stays one") {
  for (const char* part : {"", " ", "{", "[1", "\"a", "{\"a\":", "{\"a\":1", "[{}", "nul", "\"\\"}) {
    CAPTURE(part);
    CHECK(scanned(part) == "part");
  }
  json::Scanner scanner(0, [](const json::Place&, const json::Value&) {});
  CHECK_FALSE(scanner.push("]"));
  CHECK_FALSE(scanner.push("{}"));
  CHECK_FALSE(scanner.finish());
}
