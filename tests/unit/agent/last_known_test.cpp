#include "agent/registry/last_known.hpp"

#include <catch2/catch.hpp>

using namespace shoal;
using namespace shoal::agent::registry;

namespace {

const Time start{};
const Milliseconds hour = std::chrono::hours(1);

TagQuestion question(const std::string& tag = "v1", const std::string& authorization = "") {
  return {{"registry.example.com", "lib/app"}, tag, "application/json", Secret(authorization)};
}

Resolved resolved(char digit = 'a') {
  return {Digest::parse("sha256:" + std::string(64, digit)).value(), 100, "application/json"};
}

}  // namespace

TEST_CASE("a tag is known until the limit has passed, with the last digest that it had") {
  LastKnown known;
  known.remember(question(), resolved('a'), start);
  known.remember(question(), resolved('b'), start + hour);
  CHECK(known.size() == 1);
  CHECK(known.find(question(), start + 2 * hour, hour)->digest == resolved('b').digest);
  CHECK_FALSE(known.find(question(), start + 2 * hour + Milliseconds(1), hour));
}

TEST_CASE("a tag is known only to who asks the same with the same credential") {
  LastKnown known;
  known.remember(question("v1", "Basic YTpi"), resolved(), start);
  CHECK(known.find(question("v1", "Basic YTpi"), start, hour));
  CHECK_FALSE(known.find(question("v1"), start, hour));
  CHECK_FALSE(known.find(question("v1", "Basic YTpj"), start, hour));
  CHECK_FALSE(known.find(question("v2", "Basic YTpi"), start, hour));
  auto other = question("v1", "Basic YTpi");
  other.accept = "*/*";
  CHECK_FALSE(known.find(other, start, hour));
  other = question("v1", "Basic YTpi");
  other.repository.upstream = "elsewhere.example.com";
  CHECK_FALSE(known.find(other, start, hour));
}

TEST_CASE("a forgotten tag is not known") {
  LastKnown known;
  known.remember(question(), resolved(), start);
  known.remove(question());
  known.remove(question("never seen"));
  CHECK(known.size() == 0);
  CHECK_FALSE(known.find(question(), start, hour));
}

TEST_CASE("over the bound, the tag resolved longest ago is forgotten") {
  LastKnown known;
  for (std::size_t i = 0; i < LastKnown::most; ++i) known.remember(question(std::to_string(i)), resolved(), start);
  known.remember(question("0"), resolved(), start);
  known.remember(question("one more"), resolved(), start);
  CHECK(known.size() == LastKnown::most);
  CHECK(known.find(question("0"), start, hour));
  CHECK_FALSE(known.find(question("1"), start, hour));
  CHECK(known.find(question("one more"), start, hour));
}
