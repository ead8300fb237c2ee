#include "shared/origin/places.hpp"

#include <catch2/catch.hpp>

#include "shared/origin/requests.hpp"
#include "shared/origin/ways.hpp"

using namespace shoal;
using namespace shoal::origin;

namespace {

http::Url url(const char* text) {
  return http::parse_url(text).value();
}

Place registry_at(const Options& options, const char* text, const std::string& repository = "lib/a") {
  const Target target = find_upstream(options, "reg.example.com").value();
  return place_of_registry(target, url(text), repository);
}

Options configured() {
  Options options;
  options.upstreams["reg.example.com"];
  options.upstreams["other.org"];
  return options;
}

}  // namespace

TEST_CASE("a repository is what stands between /v2/ and the kind of a question") {
  CHECK(repository_in("/v2/lib/a/manifests/v1") == "lib/a");
  CHECK(repository_in("/v2/a/blobs/sha256:00?x=/v2/b/blobs/") == "a");
  CHECK(repository_in("/prefix/v2/lib/a/tags/list") == "lib/a");
  CHECK(repository_in("/v2/lib/manifests/a/manifests/v1") == "lib/manifests/a");
  CHECK(repository_in("/v2/lib/a/referrers/sha256:00") == "lib/a");
  for (const char* other : {"/", "/v2/", "/v2/_catalog", "/blobs/x", "/v2//manifests/v1", "/v2/LIB/manifests/v1"}) {
    CAPTURE(other);
    CHECK_FALSE(repository_in(other));
  }
}

TEST_CASE("a registry is known for the repository by its path, which may have a prefix") {
  const Options options = configured();
  CHECK(registry_at(options, "https://reg.example.com/v2/cache/lib/a/manifests/v1").repository == "cache/lib/a");
  CHECK(registry_at(options, "https://reg.example.com/v2/_catalog", "").repository.empty());
}

TEST_CASE("a redirect's target may see the credential of the registry's owner, another upstream its own, and no other any") {
  const Options options = configured();
  const Place first = registry_at(options, "https://reg.example.com/v2/lib/a/manifests/v1");
  CHECK(first.may_see_credential);
  const Place related = place_behind(options, first, url("https://cdn.example.com/v2/x/y/manifests/v1"));
  CHECK((related.may_see_credential && !related.is_registry && related.repository == "x/y"));
  const Place upstream = place_behind(options, first, url("https://other.org/v2/x/manifests/v1"));
  CHECK((upstream.may_see_credential && upstream.is_registry && upstream.target.name == "other.org"));
  const Place foreign = place_behind(options, first, url("https://evil.org/blob"));
  CHECK((!foreign.may_see_credential && !foreign.is_registry && foreign.repository == "lib/a"));
  CHECK_FALSE(place_behind(options, foreign, url("https://evil.com/blob")).may_see_credential);
  CHECK(place_behind(options, foreign, url("https://reg.example.com/v2/b/blobs/x")).is_registry);
  CHECK_FALSE(place_behind(options, first, url("http://cdn.example.com/x")).may_see_credential);
}

TEST_CASE("what a place is known by differs with upstream, host and repository") {
  const Options options = configured();
  const Place first = registry_at(options, "https://reg.example.com/v2/lib/a/manifests/v1");
  CHECK(first.key() == registry_at(options, "https://reg.example.com/v2/lib/a/blobs/x").key());
  CHECK(first.key() != registry_at(options, "https://reg.example.com/v2/lib/b/blobs/x").key());
  CHECK(first.key() != place_behind(options, first, url("https://cdn.example.com/v2/lib/a/blobs/x")).key());
}

TEST_CASE("a host that a registry leads to has a public address, or one as near as the registry's") {
  const Options options = configured();
  Target target = find_upstream(options, "reg.example.com").value();
  using http::Reach;
  const auto allowed = [&](Reach registry, const char* to) {
    const http::Reaches reaches = reaches_beside(target, registry, url(to), target.redirects);
    return std::vector<bool>{reaches.everywhere, reaches.network, reaches.machine, reaches.link};
  };
  const char* const elsewhere = "https://storage.example.net/x";
  CHECK(allowed(Reach::everywhere, elsewhere) == std::vector<bool>{true, false, false, false});
  CHECK(allowed(Reach::network, elsewhere) == std::vector<bool>{true, true, false, false});
  CHECK(allowed(Reach::machine, elsewhere) == std::vector<bool>{true, false, true, false});
  CHECK(allowed(Reach::link, elsewhere) == std::vector<bool>{true, false, false, false});
  CHECK(allowed(Reach::everywhere, "https://reg.example.com/x") == std::vector<bool>{true, true, true, true});
  target.redirects = {"*.example.net"};
  CHECK(allowed(Reach::everywhere, elsewhere) == std::vector<bool>{true, true, true, true});
}

TEST_CASE("ways are bounded; the one used least recently makes room, and one with a time ends") {
  Loop loop;
  ManualClock clock(loop);
  Ways ways(clock);
  ways.store("old", {.scheme = Scheme::basic});
  clock.advance(Milliseconds(1));
  ways.store("vain", {.scheme = Scheme::none}, Milliseconds(10));
  CHECK(ways.find("vain"));
  for (int i = 0; i < 2'000; ++i) {
    clock.advance(Milliseconds(1));
    ways.store(std::to_string(i), {.scheme = Scheme::basic});
    if (i == 1'000) CHECK(ways.find("old"));
  }
  CHECK(ways.size() == 1'024);
  CHECK(ways.find("old"));
  CHECK_FALSE(ways.find("vain"));
  CHECK_FALSE(ways.find("0"));
}
