#include "tracker/resolver.hpp"

#include <catch2/catch.hpp>

#include "tests/unit/tracker/memory_source.hpp"

using namespace shoal;
using namespace shoal::tracker;

namespace {

const Digest some_digest = digest_of(DigestAlgorithm::sha256, bytes_of("manifest"));

origin::Answer found(std::string digest = some_digest.text()) {
  origin::Answer answer;
  answer.status = 200;
  answer.content_type = "application/vnd.oci.image.index.v1+json";
  answer.digest = std::move(digest);
  answer.length = 8;
  return answer;
}

struct Fixture {
  Loop loop;
  ManualClock clock{loop};
  seeder::MemorySource source{loop};
  ResolverMetrics metrics;
  std::vector<control::Resolved> answers;
  std::vector<std::pair<Digest, Bytes>> kept;
  Resolver resolver{{loop, clock, source, metrics, [this](const auto& manifest, Bytes bytes, auto) {
                       kept.emplace_back(manifest.digest, std::move(bytes));
                     }}};

  void ask(std::uint32_t request, const std::string& tag = "3.19", const std::string& upstream = "reg") {
    resolver.resolve({request, upstream, "library/alpine", tag, "application/json"},
                     [this](control::Resolved resolved) { answers.push_back(std::move(resolved)); });
    loop.restart();
    loop.poll();
  }
};

}  // namespace

TEST_CASE("the origin is asked once in two seconds for all agents") {
  Fixture f;
  f.source.answers["HEAD"] = found();
  for (std::uint32_t request = 1; request <= 5; ++request) f.ask(request);
  CHECK(f.source.asked == std::vector<std::string>{"HEAD"});
  REQUIRE(f.answers.size() == 5);
  for (std::uint32_t request = 1; request <= 5; ++request) {
    const auto& answer = f.answers[request - 1];
    CHECK(answer.request == request);
    CHECK(answer.status == 200);
    CHECK(answer.digest == some_digest);
    CHECK(answer.size_bytes == 8);
    CHECK(answer.content_type == "application/vnd.oci.image.index.v1+json");
  }
  f.clock.advance(Milliseconds(1'999));
  f.ask(6);
  CHECK(f.source.asked.size() == 1);
  f.clock.advance(Milliseconds(1));
  f.ask(7);
  CHECK(f.source.asked.size() == 2);
}

TEST_CASE("questions that come while the origin is being asked share its answer") {
  Fixture f;
  f.source.answers["HEAD"] = found();
  f.source.hold_answers = true;
  f.ask(1);
  f.ask(2);
  CHECK(f.answers.empty());
  f.source.release_answers();
  f.loop.restart();
  f.loop.poll();
  CHECK(f.answers.size() == 2);
  CHECK(f.source.asked.size() == 1);
}

TEST_CASE("another tag is another question") {
  Fixture f;
  f.source.answers["HEAD"] = found();
  f.ask(1, "3.19");
  f.ask(2, "3.20");
  CHECK(f.source.asked.size() == 2);
}

TEST_CASE("an origin that does not name the digest is asked for the manifest, which is hashed and kept") {
  Fixture f;
  f.source.answers["HEAD"] = found("");
  f.source.answers["GET"] = found("");
  f.source.answers["GET"].body = copy_of(bytes_of("manifest"));
  f.ask(1);
  CHECK(f.source.asked == std::vector<std::string>{"HEAD", "GET"});
  REQUIRE(f.answers.size() == 1);
  CHECK(f.answers[0].digest == some_digest);
  CHECK(f.answers[0].size_bytes == 8);
  REQUIRE(f.kept.size() == 1);
  CHECK(f.kept[0].first == some_digest);
}

TEST_CASE("the origin's refusal is relayed, and shared for two seconds too") {
  Fixture f;
  f.source.answers["HEAD"].status = 401;
  f.ask(1);
  f.ask(2);
  CHECK(f.source.asked.size() == 1);
  REQUIRE(f.answers.size() == 2);
  CHECK(f.answers[1].status == 401);
  CHECK_FALSE(f.answers[1].digest);
}

TEST_CASE("a question that is not allowed is answered with status 0 and a cause, and no origin is asked") {
  Fixture f;
  f.ask(1, "3.19", "unknown.example.com");
  f.ask(2, "../../etc");
  REQUIRE(f.answers.size() == 2);
  for (const auto& answer : f.answers) {
    CHECK(answer.status == 0);
    CHECK_FALSE(answer.what.empty());
  }
  CHECK(f.source.asked.empty());
  CHECK(f.metrics.unknown_registries.value() == 1);
}

TEST_CASE("a question about a registry that cannot be reached is answered at once, with whose configuration to look at") {
  Fixture f;
  f.source.unreachable = Error{ErrorKind::unavailable, "connection refused", Milliseconds(0), Fault::port_closed};
  f.ask(1);
  REQUIRE(f.answers.size() == 1);
  CHECK(f.answers[0].status == 0);
  CHECK(f.answers[0].what == "by [upstreams] of the tracker's own configuration file: connection refused");
  CHECK(f.source.asked.empty());
}
