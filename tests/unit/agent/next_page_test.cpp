#include "agent/registry/next_page.hpp"

#include <catch2/catch.hpp>

using namespace shoal;
using namespace shoal::agent::registry;

namespace {

const http::Url asked{"https", "registry.example.com", 443, "/v2/lib/app/tags/list"};
const std::string path = "/v2/lib/app/tags/list";

std::string next(const std::string& link, const std::string& query = "") {
  return next_page({link}, asked, path, query);
}

}  // namespace

TEST_CASE("the origin gets the query without ns") {
  CHECK(query_for_origin("ns=docker.io&n=5&last=a%2Fb") == "n=5&last=a%2Fb");
  CHECK(query_for_origin("n=5&ns=docker.io") == "n=5");
  CHECK(query_for_origin("n=5&ns") == "n=5");
  CHECK(query_for_origin("nsx=1&&n=5") == "nsx=1&n=5");
  CHECK(query_for_origin("ns=docker.io").empty());
  CHECK(query_for_origin("n=5#x&y=1") == "n=5");
}

TEST_CASE("the next page is a path of this endpoint however the origin writes it") {
  const std::string expected = "<" + path + "?n=5&last=x>; rel=\"next\"";
  for (const char* link : {
           "</v2/lib/app/tags/list?n=5&last=x>; rel=\"next\"",
           "<https://registry.example.com/v2/lib/app/tags/list?n=5&last=x>; rel=\"next\"",
           "<http://internal:5000/v2/lib/app/tags/list?n=5&last=x>; rel=next",
           "<https://registry.example.com/prefix/v2/lib/app/tags/list?n=5&last=x>;rel=\"next\"",
           "<?n=5&last=x>; rel=\"next\"",
           "<list?n=5&last=x>; type=\"a,b\" ; REL = \"next\"",
           "</v2/lib/app/tags/list?n=1>; rel=\"prev\", </v2/lib/app/tags/list?n=5&last=x>; rel=\"next\"",
       }) {
    CAPTURE(link);
    CHECK(next(link) == expected);
  }
}

TEST_CASE("the next page keeps the way in which the client names the registry") {
  const std::string link = "</v2/lib/app/tags/list?n=5>; rel=\"next\"";
  CHECK(next(link, "n=5&ns=registry.example.com%3A5000") ==
        "<" + path + "?n=5&ns=registry.example.com%3A5000>; rel=\"next\"");
  CHECK(next_page({link}, asked, "/v2/registry.example.com/lib/app/tags/list", "n=5") ==
        "</v2/registry.example.com/lib/app/tags/list?n=5>; rel=\"next\"");
  CHECK(next("</v2/lib/app/tags/list?n=5&ns=evil.example.com>; rel=next") == "<" + path + "?n=5>; rel=\"next\"");
}

TEST_CASE("a link that leads elsewhere, is no next page or is malformed is dropped") {
  for (const char* link : {
           "</v2/other/tags/list?n=5>; rel=\"next\"",
           "<https://evil.example.com/tags/list?n=5>; rel=\"next\"",
           "</v2/lib/app/tags/list?n=5>; rel=\"prev\"",
           "</v2/lib/app/tags/list?n=5>",
           "</v2/lib/app/tags/list?n=5; rel=\"next\"",
           "/v2/lib/app/tags/list?n=5; rel=next",
           "<javascript:alert(1)>; rel=next",
           "",
       }) {
    CAPTURE(link);
    CHECK(next(link).empty());
  }
}
