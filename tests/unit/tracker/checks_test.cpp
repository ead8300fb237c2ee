// Whether an origin has a layer for callers without a credential: one question for all.
#include "tracker/checks.hpp"

#include <catch2/catch.hpp>

#include "tests/unit/tracker/memory_source.hpp"

using namespace shoal;
using namespace shoal::tracker;

namespace {

const std::string manifest_text = R"({"schemaVersion":2,"layers":[]})";
const Digest manifest = digest_of(DigestAlgorithm::sha256, bytes_of(manifest_text));
constexpr const char* manifest_type = "application/vnd.oci.image.manifest.v1+json";

origin::Answer answered(unsigned status) {
  origin::Answer answer;
  answer.status = status;
  return answer;
}
origin::Answer head_of_manifest() {
  origin::Answer answer = answered(200);
  answer.content_type = manifest_type;
  answer.digest = manifest.text();
  answer.length = manifest_text.size();
  return answer;
}
origin::Answer head_of_blob(std::uint64_t size_bytes) {
  origin::Answer answer = answered(200);
  answer.content_type = "application/octet-stream";
  answer.length = size_bytes;
  return answer;
}

struct Fixture {
  Loop loop;
  ManualClock clock{loop};
  Pool pool{0};
  seeder::MemorySource source{loop};
  QuestionSlots slots{loop, clock};
  KnownLayers known{clock};
  CheckMetrics metrics;
  std::vector<control::Checked> answers;
  std::vector<Digest> kept;
  Checks checks{{loop, clock, pool, source, slots, known, metrics,
                 [this](const auto& request, Bytes, auto) { kept.push_back(request.digest); }}};
  const Digest blob = source.add(numbered_bytes(70'000));
  std::uint32_t asked = 0;

  void ask(const Digest& digest, control::LayerKind kind = control::LayerKind::blob, const std::string& repository = "app",
           const std::string& upstream = "reg") {
    checks.check({++asked, upstream, repository, kind, digest},
                 [this](control::Checked checked) { answers.push_back(std::move(checked)); });
    settle();
  }
  void ask_manifest() { ask(manifest, control::LayerKind::manifest); }
  void settle() {
    loop.restart();
    loop.poll();
  }
  void pass(Milliseconds time) {
    clock.advance(time);
    settle();
  }
};

using Asked = std::vector<std::string>;

}  // namespace

TEST_CASE("a layer is there when HEAD says so, and what HEAD said comes along") {
  Fixture f;
  f.source.answers["HEAD"] = head_of_blob(70'000);
  f.ask(f.blob);
  REQUIRE(f.answers.size() == 1);
  CHECK(f.answers[0].request == 1);
  CHECK(f.answers[0].status == 200);
  CHECK(f.answers[0].size_bytes == 70'000);
  CHECK(f.source.asked_paths == Asked{"blobs/" + f.blob.text()});

  f.source.answers["HEAD"] = head_of_manifest();
  f.ask_manifest();
  REQUIRE(f.answers.size() == 2);
  CHECK(f.answers[1].status == 200);
  CHECK(f.answers[1].size_bytes == manifest_text.size());
  CHECK(f.answers[1].content_type == manifest_type);
  CHECK(f.source.asked_paths.back() == "manifests/" + manifest.text());
  CHECK(f.metrics.allowed.value() == 2);
}

TEST_CASE("ten thousand nodes that ask within an hour cost the origin one question, and then one more") {
  Fixture f;
  f.source.answers["HEAD"] = head_of_blob(70'000);
  f.source.hold_answers = true;
  for (int node = 0; node < 5'000; ++node) f.ask(f.blob);
  CHECK(f.answers.empty());
  f.source.release_answers();
  f.settle();
  CHECK(f.answers.size() == 5'000);
  for (int node = 0; node < 5'000; ++node) {
    f.ask(f.blob);
    f.clock.advance(Milliseconds(600));
  }
  CHECK(f.answers.size() == 10'000);
  CHECK(f.source.asked == Asked{"HEAD"});
  CHECK(f.metrics.known.value() == 5'000);
  f.pass(KnownLayers::keep);
  f.ask(f.blob);
  CHECK(f.source.asked == Asked{"HEAD", "HEAD"});
  for (const auto& answer : f.answers) REQUIRE(answer.status == 200);
}

TEST_CASE("each repository, registry, kind and digest is a question of its own") {
  Fixture f;
  f.source.upstreams.insert("evil");
  f.source.answers["HEAD"] = head_of_blob(8);
  f.ask(f.blob);
  f.source.answers["HEAD"] = answered(401);
  f.ask(f.blob, control::LayerKind::blob, "other");
  f.ask(f.blob, control::LayerKind::blob, "app", "evil");
  f.ask(f.blob, control::LayerKind::manifest);
  f.ask(manifest);
  REQUIRE(f.answers.size() == 5);
  for (std::size_t i = 1; i < 5; ++i) CHECK(f.answers[i].status == 401);
}

TEST_CASE("a refusal comes with the origin's challenge, to those who waited") {
  Fixture f;
  f.source.answers["HEAD"] = answered(401);
  f.source.answers["HEAD"].challenges = {"Bearer realm=\"https://auth.example.com/token\""};
  f.ask(f.blob);
  REQUIRE(f.answers.size() == 1);
  CHECK(f.answers[0].status == 401);
  CHECK(f.answers[0].answer.status == 401);
  CHECK(f.answers[0].answer.challenges == f.source.answers["HEAD"].challenges);
  CHECK(f.source.asked == Asked{"HEAD"});  // a challenge holds for GET too
  CHECK(f.metrics.refused.value() == 1);
  CHECK_FALSE(f.known.is_at("reg", f.blob));
}

TEST_CASE("a refusal is repeated for a tenth of a second, twice as long each time up to 2 s, and a new right is seen then") {
  Fixture f;
  f.source.answers["HEAD"] = answered(401);
  f.ask(f.blob);
  Milliseconds rest = Checks::shortest_rest;
  for (std::size_t questions = 1; questions < 8; ++questions) {
    f.ask(f.blob);
    f.pass(rest - Milliseconds(1));
    f.ask(f.blob);
    CHECK(f.source.asked.size() == questions);
    f.pass(Milliseconds(1));
    f.ask(f.blob);
    CHECK(f.source.asked.size() == questions + 1);
    rest = std::min(2 * rest, Checks::longest_rest);
  }
  f.source.answers["HEAD"] = head_of_blob(8);
  f.pass(Checks::longest_rest);
  f.ask(f.blob);
  CHECK(f.answers.back().status == 200);
}

TEST_CASE("what HEAD of a manifest refuses or leaves open is settled with GET, whose bytes must match and are kept") {
  for (const unsigned status : {400U, 403U, 404U, 405U, 501U, 200U}) {
    Fixture f;
    f.source.answers["HEAD"] = answered(status);
    f.source.answers["GET"] = head_of_manifest();
    f.source.answers["GET"].body = copy_of(bytes_of(manifest_text));
    f.ask_manifest();
    REQUIRE(f.answers.size() == 1);
    CHECK(f.answers[0].status == 200);
    CHECK(f.answers[0].size_bytes == manifest_text.size());
    CHECK(f.kept == std::vector{manifest});
    CHECK(f.source.asked == Asked{"HEAD", "GET"});
  }
}

TEST_CASE("other bytes than the manifest's are no answer, whatever status they come with") {
  Fixture f;
  f.source.answers["HEAD"] = answered(200);
  f.source.answers["HEAD"].content_type = "text/html";
  f.source.answers["GET"] = answered(200);
  f.source.answers["GET"].body = copy_of(bytes_of("<html>log in</html>"));
  f.ask_manifest();
  REQUIRE(f.answers.size() == 1);
  CHECK(f.answers[0].status == 0);
  CHECK_FALSE(f.answers[0].what.empty());
  CHECK(f.kept.empty());
  CHECK(f.metrics.failed.value() == 1);
  CHECK_FALSE(f.known.is_at("reg", manifest));
}

TEST_CASE("what HEAD of a blob refuses is settled with its first byte") {
  for (const unsigned status : {400U, 403U, 404U, 405U, 501U}) {
    Fixture f;
    f.source.answers["HEAD"] = answered(status);
    f.ask(f.blob);
    REQUIRE(f.answers.size() == 1);
    CHECK(f.answers[0].status == 200);
    CHECK(f.answers[0].size_bytes == 70'000);
    CHECK(f.source.asked == Asked{"HEAD", "part"});
  }
  Fixture f;
  f.source.answers["HEAD"] = answered(403);
  f.source.part_error = seeder::MemorySource::refusal();
  f.ask(f.blob);
  REQUIRE(f.answers.size() == 1);
  CHECK(f.answers[0].status == 401);
  CHECK(f.answers[0].answer.code == "UNAUTHORIZED");
}

TEST_CASE("a registry that takes neither HEAD nor Range is asked for the blob, of which nothing is read") {
  Fixture f;
  f.source.answers["HEAD"] = answered(405);
  f.source.takes_ranges = false;
  f.source.allow(0);
  f.ask(f.blob);
  REQUIRE(f.answers.size() == 1);
  CHECK(f.answers[0].status == 200);
  CHECK(f.source.opened[f.blob] == 1);
  f.ask(digest_of(DigestAlgorithm::sha256, bytes_of("absent")));
  CHECK(f.answers.back().status != 200);
}

TEST_CASE("a challenge, a limit and a failure are not settled with GET") {
  for (const unsigned status : {401U, 408U, 429U, 500U, 503U}) {
    Fixture f;
    f.source.answers["HEAD"] = answered(status);
    f.source.answers["HEAD"].retry_after = "7";
    f.ask(f.blob);
    CHECK(f.source.asked == Asked{"HEAD"});
    REQUIRE(f.answers.size() == 1);
    CHECK(f.answers[0].status == status);
    CHECK(f.answers[0].retry_after_ms == 7'000);
  }
}

TEST_CASE("what is not allowed or cannot be reached is told at once, and no origin is asked") {
  Fixture f;
  f.ask(f.blob, control::LayerKind::blob, "app", "unknown.example.com");
  f.ask(f.blob, control::LayerKind::blob, "../../etc");
  f.source.unreachable = Error{ErrorKind::unavailable, "connection refused", Milliseconds(0), Fault::port_closed};
  f.ask(f.blob);
  REQUIRE(f.answers.size() == 3);
  for (const auto& answer : f.answers) {
    CHECK(answer.status == 0);
    CHECK_FALSE(answer.what.empty());
  }
  CHECK(f.source.asked.empty());
  CHECK(f.metrics.failed.value() == 3);
}

TEST_CASE("what was known before holds while the registry cannot be reached, and not for one that is not configured any more") {
  Fixture f;
  f.source.answers["HEAD"] = head_of_blob(8);
  f.ask(f.blob);
  f.source.unreachable = Error{ErrorKind::unavailable, "connection refused", Milliseconds(0), Fault::port_closed};
  f.ask(f.blob);
  CHECK(f.answers.back().status == 200);
  f.source.unreachable.reset();
  f.source.upstreams.clear();
  f.ask(f.blob);
  CHECK(f.answers.back().status == 0);
}

TEST_CASE("agents wait for a slow origin as long as they are told that they do, and share its one question") {
  Fixture f;
  f.source.answers["HEAD"] = head_of_blob(8);
  f.source.hold_answers = true;
  f.ask(f.blob);
  f.pass(control::timing::check_question - Milliseconds(1));
  CHECK(f.answers.empty());
  f.pass(Milliseconds(1));
  REQUIRE(f.answers.size() == 1);
  CHECK(f.answers[0].status == 0);
  CHECK(f.answers[0].retry_after_ms > 0);
  f.ask(f.blob);
  CHECK(f.source.asked == Asked{"HEAD"});
  f.source.release_answers();
  f.settle();
  REQUIRE(f.answers.size() == 2);
  CHECK(f.answers[1].status == 200);
}

TEST_CASE("a registry is asked about so many layers at once, and about all in the end") {
  Fixture f;
  f.source.answers["HEAD"] = head_of_blob(8);
  f.source.hold_answers = true;
  constexpr std::size_t layers = 300;
  for (std::size_t i = 0; i < layers; ++i) f.ask(digest_of(DigestAlgorithm::sha256, bytes_of(std::to_string(i))));
  CHECK(f.source.asked.size() == QuestionSlots::most_at_once);
  f.source.release_answers();
  f.settle();
  CHECK(f.answers.size() == layers);
  CHECK(static_cast<std::size_t>(f.source.most_asked_at_once) == QuestionSlots::most_at_once);
}

TEST_CASE("questions beyond the bound are refused, and the ones before are answered") {
  Fixture f;
  f.source.hold_answers = true;
  f.source.answers["HEAD"] = head_of_blob(8);
  for (std::size_t i = 0; i <= Checks::most_questions; ++i) {
    f.ask(digest_of(DigestAlgorithm::sha256, bytes_of(std::to_string(i))));
  }
  REQUIRE(f.answers.size() == 1);
  CHECK(f.answers[0].status == 0);
  f.source.release_answers();
  f.settle();
  CHECK(f.answers.size() == Checks::most_questions + 1);
}
