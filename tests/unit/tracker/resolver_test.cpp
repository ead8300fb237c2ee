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

const std::string manifest_text = R"({"schemaVersion":2,"manifests":[]})";
const Digest manifest_digest = digest_of(DigestAlgorithm::sha256, bytes_of(manifest_text));

// GET with that body.
origin::Answer sent(const std::string& body, std::string digest = "") {
  origin::Answer answer = found(std::move(digest));
  answer.length = body.size();
  answer.body = copy_of(bytes_of(body));
  return answer;
}

origin::Answer refusal(unsigned status, const std::string& body = "") {
  origin::Answer answer;
  answer.status = status;
  answer.body = copy_of(bytes_of(body));
  return answer;
}

struct Fixture {
  Loop loop;
  ManualClock clock{loop};
  Pool pool{0};
  seeder::MemorySource source{loop};
  QuestionSlots slots{loop, clock};
  KnownLayers known{clock};
  ResolverMetrics metrics;
  std::vector<control::Resolved> answers;
  std::vector<std::pair<Digest, Bytes>> kept;
  std::optional<origin::NamedManifest> held;
  Resolver resolver{{loop, clock, pool, source, slots, known, metrics,
                     [this](const auto& manifest, Bytes bytes, auto) {
                       kept.emplace_back(manifest.digest, std::move(bytes));
                     },
                     [this](const Digest& digest) {
                       return held && held->digest == digest ? held : std::optional<origin::NamedManifest>();
                     }}};

  void ask(std::uint32_t request, const std::string& tag = "3.19", const std::string& upstream = "reg") {
    resolver.resolve({request, upstream, "library/alpine", tag, "application/json"},
                     [this](control::Resolved resolved) { answers.push_back(std::move(resolved)); });
    settle();
  }
  void settle() {
    loop.restart();
    loop.poll();
  }
  void pass(Milliseconds time) {
    clock.advance(time);
    settle();
  }
  void release() {
    source.release_answers();
    settle();
  }
};

constexpr Milliseconds gap = Resolver::longest_gap;

}  // namespace

TEST_CASE("a tag's digest, size and type are those of the origin's answer to HEAD") {
  Fixture f;
  f.source.answers["HEAD"] = found();
  f.ask(5);
  REQUIRE(f.answers.size() == 1);
  CHECK(f.answers[0].request == 5);
  CHECK(f.answers[0].status == 200);
  CHECK(f.answers[0].digest == some_digest);
  CHECK(f.answers[0].size_bytes == 8);
  CHECK(f.answers[0].content_type == "application/vnd.oci.image.index.v1+json");
  CHECK(f.source.asked == std::vector<std::string>{"HEAD"});
}

TEST_CASE("size and type of a manifest that the store has are its own, whatever HEAD says") {
  Fixture f;
  f.source.answers["HEAD"] = found();
  f.held = origin::NamedManifest{some_digest, 77, "application/json"};
  f.ask(1);
  REQUIRE(f.answers.size() == 1);
  CHECK(f.answers[0].size_bytes == 77);
  CHECK(f.answers[0].content_type == "application/json");
}

TEST_CASE("a tag that moved is seen at once, also while an earlier question is on its way") {
  Fixture f;
  f.source.answers["HEAD"] = found();
  f.ask(1);
  f.source.answers["HEAD"] = found(manifest_digest.text());
  f.ask(2);
  f.pass(gap);
  REQUIRE(f.answers.size() == 2);
  CHECK(f.answers[1].digest == manifest_digest);

  f.pass(gap);
  f.source.hold_answers = true;
  f.ask(3);  // its question has begun
  f.ask(4);
  f.ask(5);
  CHECK(f.answers.size() == 2);
  f.release();
  CHECK(f.answers.size() == 3);
  f.source.answers["HEAD"] = found();
  f.pass(gap);
  REQUIRE(f.answers.size() == 5);
  CHECK(f.answers[3].digest == some_digest);
  CHECK(f.answers[4].digest == some_digest);
  CHECK(f.source.asked.size() == 4);  // the last two share one
}

TEST_CASE("a 404 and a failure are told to those who waited, and to nobody later") {
  Fixture f;
  for (const unsigned status : {404U, 401U, 429U, 503U}) {
    f.source.answers["HEAD"] = refusal(status);
    f.source.answers["GET"] = refusal(status);
    f.ask(1);
    f.pass(gap);
    REQUIRE_FALSE(f.answers.empty());
    CHECK(f.answers.back().status == status);
    CHECK_FALSE(f.answers.back().digest);
    f.source.answers["HEAD"] = found();
    f.ask(2);
    f.pass(gap);
    CHECK(f.answers.back().status == 200);
  }
}

TEST_CASE("agents that ask shortly after the first one wait for a hundredth of a second") {
  Fixture f;
  f.source.answers["HEAD"] = found();
  f.ask(1);
  f.ask(2);
  CHECK(f.answers.size() == 1);
  f.pass(Resolver::first_gap);
  CHECK(f.answers.size() == 2);
  f.ask(3);
  f.pass(Resolver::first_gap);
  CHECK(f.answers.size() == 2);
  f.pass(Resolver::first_gap);
  CHECK(f.answers.size() == 3);
}

TEST_CASE("ten thousand agents that ask within three seconds cost the origin some thirty questions") {
  Fixture f;
  f.source.answers["HEAD"] = found();
  constexpr std::uint32_t nodes = 10'000;
  constexpr Milliseconds all{3'000};
  std::uint32_t asked = 0;
  for (Milliseconds now{0}; now < all; now += Milliseconds(10)) {
    for (; asked < nodes * static_cast<std::uint32_t>((now + Milliseconds(10)).count()) / all.count(); ++asked) f.ask(asked);
    f.pass(Milliseconds(10));
  }
  f.pass(gap);
  CHECK(f.answers.size() == nodes);
  CHECK(f.source.asked.size() <= 34);
  CHECK(f.metrics.questions.value() == nodes);
}

TEST_CASE("a slow origin is asked again for later agents after a second, and nobody waits for longer than agents do") {
  Fixture f;
  f.source.answers["HEAD"] = found();
  f.source.hold_answers = true;
  f.ask(1);
  f.ask(2);
  f.pass(control::timing::tag_turn - Milliseconds(1));
  CHECK(f.source.asked.size() == 1);
  f.pass(Milliseconds(1));
  CHECK(f.source.asked.size() == 2);
  CHECK(f.answers.empty());
  f.pass(control::timing::tag_question - control::timing::tag_turn);
  REQUIRE(f.answers.size() == 1);
  CHECK(f.answers[0].request == 1);
  CHECK(f.answers[0].status == 0);
  CHECK(f.answers[0].retry_after_ms > 0);  // agents do not ask it themselves
  f.release();
  REQUIRE(f.answers.size() == 2);
  CHECK(f.answers[1].digest == some_digest);
}

TEST_CASE("another tag is another question") {
  Fixture f;
  f.source.answers["HEAD"] = found();
  f.ask(1, "3.19");
  f.ask(2, "3.20");
  CHECK(f.source.asked.size() == 2);
  CHECK(f.answers.size() == 2);
}

TEST_CASE("what HEAD refuses is settled with GET, and the manifest that comes is kept") {
  for (const unsigned status : {400U, 403U, 404U, 405U, 501U}) {
    Fixture f;
    f.source.answers["HEAD"] = refusal(status);
    f.source.answers["GET"] = sent(manifest_text);
    f.ask(1);
    CHECK(f.source.asked == std::vector<std::string>{"HEAD", "GET"});
    REQUIRE(f.answers.size() == 1);
    CHECK(f.answers[0].digest == manifest_digest);
    CHECK(f.answers[0].size_bytes == manifest_text.size());
    REQUIRE(f.kept.size() == 1);
    CHECK(f.kept[0].first == manifest_digest);
  }
}

TEST_CASE("what HEAD leaves open is settled with GET: a digest, a size, a type") {
  Fixture f;
  f.source.answers["GET"] = sent(manifest_text);
  SECTION("no digest") { f.source.answers["HEAD"] = found(""); }
  SECTION("size 0") {
    f.source.answers["HEAD"] = found();
    f.source.answers["HEAD"].length = 0;
  }
  SECTION("no size") {
    f.source.answers["HEAD"] = found();
    f.source.answers["HEAD"].length = std::nullopt;
  }
  SECTION("no type") {
    f.source.answers["HEAD"] = found();
    f.source.answers["HEAD"].content_type = "";
  }
  f.ask(1);
  REQUIRE(f.answers.size() == 1);
  CHECK(f.answers[0].digest == manifest_digest);
  CHECK(f.answers[0].size_bytes == manifest_text.size());
  CHECK(f.kept.size() == 1);
}

TEST_CASE("a challenge and a limit are not settled with GET") {
  for (const unsigned status : {401U, 429U, 500U}) {
    Fixture f;
    f.source.answers["HEAD"] = refusal(status);
    f.ask(1);
    CHECK(f.source.asked == std::vector<std::string>{"HEAD"});
    REQUIRE(f.answers.size() == 1);
    CHECK(f.answers[0].status == status);
  }
}

TEST_CASE("the origin's own reason comes with its refusal") {
  Fixture f;
  f.source.answers["HEAD"] = refusal(404);
  f.source.answers["GET"] = refusal(404, R"({"errors":[{"code":"MANIFEST_UNKNOWN","message":"no OCI here"}]})");
  f.ask(1);
  REQUIRE(f.answers.size() == 1);
  CHECK(f.answers[0].status == 404);
  CHECK(f.answers[0].what == "no OCI here");
}

TEST_CASE("what is no manifest, or does not match its digest, is no answer, is counted, and is not kept") {
  Fixture f;
  f.source.answers["HEAD"] = found("");
  SECTION("a page") { f.source.answers["GET"] = sent("<html>log in</html>"); }
  SECTION("an empty body") { f.source.answers["GET"] = sent(""); }
  SECTION("other JSON") { f.source.answers["GET"] = sent(R"({"status":"ok"})"); }
  SECTION("other bytes") { f.source.answers["GET"] = sent(manifest_text, some_digest.text()); }
  SECTION("a large page") { f.source.answers["GET"] = sent("<html>" + std::string(100'000, ' ')); }
  f.ask(1);
  REQUIRE(f.answers.size() == 1);
  CHECK(f.answers[0].status == 0);
  CHECK_FALSE(f.answers[0].digest);
  CHECK_FALSE(f.answers[0].what.empty());
  CHECK(f.kept.empty());
  CHECK(f.metrics.not_manifests.value() == 1);
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
