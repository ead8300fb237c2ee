#include "agent/registry/conditions.hpp"

#include <catch2/catch.hpp>

using namespace shoal;
using namespace shoal::agent::registry;

namespace {

const Digest digest = Digest::parse("sha256:" + std::string(64, 'a')).value();
const std::string tag = entity_tag(digest);
const std::string other = "\"sha256:" + std::string(64, 'b') + "\"";

}  // namespace

TEST_CASE("the entity tag is the digest in quotes") {
  CHECK(tag == "\"sha256:" + std::string(64, 'a') + "\"");
}

TEST_CASE("If-None-Match finds the tag by itself, in a list, weak, or as any content at all") {
  for (const std::string& header : {tag, "W/" + tag, other + ", " + tag, other + "," + tag + "," + other,
                                    "\"a,b\", W/\"x\" , " + tag, std::string("*"), std::string(" * "), "," + tag}) {
    CAPTURE(header);
    CHECK(has_already(header, digest));
  }
}

TEST_CASE("If-None-Match without the tag, or malformed, asks for the content") {
  CHECK_FALSE(has_already(std::nullopt, digest));
  for (const std::string& header :
       {std::string(), other, digest.text(), "\"" + digest.text(), std::string("W/"), std::string("**"), "*, " + tag,
        other + tag, "w/" + tag, "x " + tag, std::string("\"\"")}) {
    CAPTURE(header);
    CHECK_FALSE(has_already(header, digest));
  }
}

TEST_CASE("a Range counts without If-Range and with exactly the tag, never with a weak one or a date") {
  CHECK(range_counts(std::nullopt, digest));
  CHECK(range_counts(tag, digest));
  for (const std::string& header : {"W/" + tag, other, digest.text(), std::string(), std::string("*"), tag + ", " + tag,
                                    std::string("Sat, 29 Oct 1994 19:43:31 GMT")}) {
    CAPTURE(header);
    CHECK_FALSE(range_counts(header, digest));
  }
}
