// What JSON from outside costs: the worst 4 MiB, within three times its size with the text itself.
#include <catch2/catch.hpp>

#include "agent/registry/manifest_facts.hpp"
#include "shared/origin/token.hpp"
#include "tests/unit/memory/counted_memory.hpp"

using namespace shoal;

namespace {

constexpr std::size_t size = 4 << 20;  // origin::largest_manifest

// Whole copies of `unit` in between, up to 4 MiB.
std::string filled(const std::string& begin, const std::string& unit, const std::string& end) {
  std::string text = begin;
  while (text.size() + unit.size() + end.size() <= size) text += unit;
  return text + end;
}

// Objects in each other under long names, a little less deep than the limit.
std::string long_names() {
  std::string text;
  for (int i = 0; i < 16; ++i) text += "{\"" + std::string(255 << 10, 'n') + "\":";
  return text + "1" + std::string(16, '}');
}

std::vector<std::pair<std::string, std::string>> worst_texts() {
  const std::string descriptor = R"({"digest":"sha256:)" + std::string(64, 'a') + R"(","size":1},)";
  return {{"nested", filled("", "[", "")},
          {"nested objects", filled("", R"({"a":)", "")},
          {"nested in a field", filled(R"({"layers":)", "[", "")},
          {"descriptors", filled(R"({"layers":[)", descriptor, "{}]}")},
          {"descriptors of three lists", filled(R"({"layers":[)", descriptor, R"({}],"manifests":[)") +
                                             filled("", descriptor, "{}]}").substr(0, 3 << 20)},
          {"empty elements", filled(R"({"layers":[)", "{},", "{}]}")},
          {"string", filled(R"({"a":")", "x", "\"}")},
          {"string without an end", filled(R"({"a":")", "x", "")},
          {"escapes", filled(R"({"a":")", "\\u00e4", "\"}")},
          {"number", filled(R"({"a":)", "1", "}")},
          {"fraction", filled(R"({"a":0.)", "1", "}")},
          {"white space", filled("{", " ", "}")},
          {"media type", filled(R"({"mediaType":")", "x", "/y\"}")},
          {"names", filled("{", R"("a":1,)", R"("b":2})")},
          {"long names in each other", long_names()},
          {"numbers", filled("[", "1,", "1]")}};
}

}  // namespace

TEST_CASE("a manifest of 4 MiB takes three times its size at most, whatever is in it") {
  for (const auto& [name, text] : worst_texts()) {
    CAPTURE(name, text.size());
    const CountedMemory memory;
    agent::registry::read_manifest(text);
    CHECK(text.size() + memory.most_bytes() <= 3 * size);
    CHECK(memory.most_bytes() > 0);
  }
}

TEST_CASE("a token's answer of the largest size takes three times its size at most") {
  constexpr std::size_t largest = origin::largest_token_answer.value;
  for (const std::string& text : {std::string(largest, '['), "{\"token\":\"" + std::string(largest - 12, 'x') + "\"}"}) {
    const CountedMemory memory;
    CHECK_FALSE(origin::parse_token(bytes_of(text)));
    CHECK(text.size() + memory.most_bytes() <= 3 * largest);
  }
}
