// What a tag's answer says, with a tracker and without one: HEAD is a hint, and what is no manifest is an error.
#include "agent/registry/manifests.hpp"
#include "agent/registry/oci_error.hpp"
#include "agent/registry/relay.hpp"
#include "tests/unit/agent/tracked_node.hpp"

using namespace shoal;
using namespace shoal::agent;

namespace {

constexpr const char* type = "application/vnd.oci.image.manifest.v1+json";
const std::string manifest_text = R"({"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","layers":[]})";
const Digest digest = digest_of(DigestAlgorithm::sha256, bytes_of(manifest_text));

origin::Answer head(unsigned status = 200) {
  origin::Answer answer;
  answer.status = status;
  if (status != 200) return answer;
  answer.content_type = type;
  answer.digest = digest.text();
  answer.length = manifest_text.size();
  return answer;
}

origin::Answer sent(const std::string& body, const std::string& content_type = type) {
  origin::Answer answer;
  answer.status = 200;
  answer.content_type = content_type;
  answer.length = body.size();
  answer.body = copy_of(bytes_of(body));
  return answer;
}

control::Resolved resolved(unsigned status = 200) {
  control::Resolved answer;
  answer.status = static_cast<std::uint16_t>(status);
  if (status != 200) return answer;
  answer.digest = digest;
  answer.size_bytes = manifest_text.size();
  answer.content_type = type;
  return answer;
}

Task<void> ask(registry::Manifests& manifests, bool head_only, std::optional<Result<registry::ManifestAnswer>>& answer) {
  registry::ManifestQuestion question{.route = {.repository = {"reg.example.com", "lib/app"}, .tag = "v1", .digest = {}},
                                      .accept = {},
                                      .authorization = {},
                                      .head_only = head_only};
  auto given = co_await manifests.answer(std::move(question));
  answer = std::move(given);
}

// One agent, alone unless it is given a tracker.
struct Stage : TrackedNode {
  Result<registry::ManifestAnswer> ask(bool head_only) {
    std::optional<Result<registry::ManifestAnswer>> answer;
    spawn(node.loop, ::ask(manifests, head_only, answer));
    node.settle();
    for (int step = 0; step < 100 && !answer; ++step) {
      node.clock.advance(Milliseconds(100));
      node.settle();
    }
    REQUIRE(answer);
    node.settle();  // what was read is kept
    return *answer;
  }
  registry::Manifest get(bool head_only = false) {
    const auto answer = ask(head_only);
    REQUIRE(answer);
    REQUIRE(std::holds_alternative<registry::Manifest>(*answer));
    return std::get<registry::Manifest>(*answer);
  }
  void check_whole(const registry::Manifest& manifest) const {
    CHECK(manifest.digest == digest);
    CHECK(manifest.size_bytes == manifest_text.size());
    CHECK(manifest.content_type == type);
  }
  std::vector<std::string>& methods() { return node.origin.methods; }

  registry::Manifests manifests{node.parts, node.pulls, Milliseconds(0)};
};

struct Alone : Stage {
  Alone() { tracker.answer_tags_with({}); }  // as a tracker that cannot ask
};

}  // namespace

TEST_CASE("HEAD of a tag that names all needs no other request") {
  Alone alone;
  alone.node.origin.answers["HEAD"] = head();
  alone.check_whole(alone.get(true));
  CHECK(alone.methods() == std::vector<std::string>{"HEAD"});
}

TEST_CASE("HEAD that is refused is settled with GET, whatever the status") {
  for (const unsigned status : {400U, 403U, 404U, 405U, 501U}) {
    Alone alone;
    alone.node.origin.answers["HEAD"] = head(status);
    alone.node.origin.answers["GET"] = sent(manifest_text);
    alone.check_whole(alone.get(true));
    CHECK(alone.methods() == std::vector<std::string>{"HEAD", "GET"});
    CHECK(alone.node.store.holds(digest));
  }
}

TEST_CASE("a refusal of both is the origin's own answer to GET") {
  Alone alone;
  alone.node.origin.answers["HEAD"] = head(404);
  alone.node.origin.answers["GET"] = head(404);
  alone.node.origin.answers["GET"].body = copy_of(bytes_of(R"({"errors":[{"message":"no OCI here"}]})"));
  const auto answer = alone.ask(true);
  REQUIRE(answer);
  CHECK_THAT(std::string(text_of(std::get<origin::Answer>(*answer).body)), Catch::Contains("no OCI here"));
}

TEST_CASE("a challenge to HEAD is passed on as it is") {
  Alone alone;
  alone.node.origin.answers["HEAD"] = head(401);
  const auto answer = alone.ask(true);
  REQUIRE(answer);
  CHECK(std::get<origin::Answer>(*answer).status == 401);
  CHECK(alone.methods() == std::vector<std::string>{"HEAD"});
}

TEST_CASE("HEAD without a type, without a size, with size 0 or with a page's type is settled with one GET") {
  Alone alone;
  alone.node.origin.answers["GET"] = sent(manifest_text);
  origin::Answer& hint = alone.node.origin.answers["HEAD"] = head();
  SECTION("no type") { hint.content_type = ""; }
  SECTION("no size") { hint.length = std::nullopt; }
  SECTION("size 0") { hint.length = 0; }
  SECTION("a page") { hint.content_type = "text/html; charset=utf-8"; }
  SECTION("no digest") { hint.digest = ""; }
  alone.check_whole(alone.get(true));
  CHECK(alone.methods() == std::vector<std::string>{"HEAD", "GET"});
}

TEST_CASE("a manifest that the origin sends without a type has the one that its body names") {
  Alone alone;
  alone.node.origin.answers["GET"] = sent(manifest_text, "");
  alone.check_whole(alone.get());
}

TEST_CASE("the head of a held manifest is that of its bytes, whatever HEAD says") {
  Alone stage;
  stage.node.origin.answers["GET"] = sent(manifest_text);
  stage.check_whole(stage.get());
  stage.node.settle();
  REQUIRE(stage.node.store.holds(digest));
  SECTION("alone") {
    stage.node.origin.answers["HEAD"] = head();
    stage.node.origin.answers["HEAD"].length = 7;
  }
  SECTION("with a tracker") {
    control::Resolved hint = resolved();
    hint.size_bytes = 7;
    stage.tracker.answer_tags_with(hint);
    stage.node.origin.answers.clear();
  }
  stage.check_whole(stage.get(true));
}

TEST_CASE("what the tracker's answer leaves open is read from the manifest") {
  Stage stage;
  stage.node.origin.add(copy_of(bytes_of(manifest_text)));
  control::Resolved hint = resolved();
  SECTION("no type") { hint.content_type = ""; }
  SECTION("size 0") { hint.size_bytes = 0; }
  stage.tracker.answer_tags_with(hint);
  const registry::Manifest read = stage.get(true);  // the tracker does not answer the join
  CHECK(read.digest == digest);
  CHECK(read.size_bytes == manifest_text.size());
  CHECK(read.content_type == type);
  CHECK(stage.methods().empty());  // the tag is not asked of the origin
}

TEST_CASE("a page in place of a manifest is an error, counted and not kept, with a tracker and without one") {
  for (const char* page : {"<html>log in</html>", "", R"({"error":"log in"})", "log in"}) {
    for (const bool head_only : {false, true}) {
      Alone alone;
      alone.node.origin.answers["HEAD"] = sent(page, "text/html");
      alone.node.origin.answers["HEAD"].body.clear();
      alone.node.origin.answers["GET"] = sent(page, "text/html");
      const auto answer = alone.ask(head_only);
      REQUIRE_FALSE(answer);
      CHECK(registry::oci_error(answer.error(), "MANIFEST_UNKNOWN").status == 503);
      CHECK(alone.node.metrics.outcomes.not_manifests.value() == 1);
      alone.node.settle();
      CHECK(alone.node.store.digests().empty());
    }
  }
}

TEST_CASE("a manifest that does not match the digest that the origin names is an error, and not kept") {
  Alone alone;
  alone.node.origin.answers["GET"] = sent(manifest_text);
  alone.node.origin.answers["GET"].digest = digest_of(DigestAlgorithm::sha256, bytes_of("other")).text();
  const auto answer = alone.ask(false);
  REQUIRE_FALSE(answer);
  CHECK(answer.error().kind == ErrorKind::corrupt);
  alone.node.settle();
  CHECK(alone.node.store.digests().empty());
}

TEST_CASE("a tag that the tracker does not find is not found, with the origin's own reason") {
  Stage stage;
  control::Resolved absent = resolved(404);
  absent.what = "no OCI here";
  stage.tracker.answer_tags_with(absent);
  const auto answer = stage.ask(false);
  REQUIRE(answer);
  const auto& refused = std::get<origin::Answer>(*answer);
  CHECK(refused.status == 404);
  CHECK_THAT(std::string(text_of(refused.body)), Catch::Contains("no OCI here"));
  CHECK(stage.methods().empty());
}

TEST_CASE("a refusal that the tracker brings is asked of the origin, which has the challenge") {
  for (const unsigned status : {401U, 403U, 400U}) {
    Stage stage;
    stage.tracker.answer_tags_with(resolved(status));
    stage.node.origin.answers["GET"] = head(status);
    const auto answer = stage.ask(false);
    REQUIRE(answer);
    CHECK(std::get<origin::Answer>(*answer).status == status);
    CHECK(stage.methods() == std::vector<std::string>{"GET"});
  }
}

TEST_CASE("a tracker that waits for a slow origin is not gone around") {
  Stage stage;
  control::Resolved slow;
  slow.what = "the origin has not answered the tracker in time";
  slow.retry_after_ms = 1'000;
  stage.tracker.answer_tags_with(slow);
  const auto answer = stage.ask(false);
  REQUIRE_FALSE(answer);
  CHECK(answer.error().kind == ErrorKind::unavailable);
  CHECK(stage.methods().empty());
}
