// Who may have which layer: what the origin is asked, what counts for how long, and what happens while it is down.
#include "agent/access/access.hpp"

#include "tests/unit/agent/scripted_origin.hpp"
#include "tests/unit/agent/scripted_tracker.hpp"

using namespace shoal;
using namespace shoal::agent;
using access::By;

namespace {

const std::string alice = "Basic YWxpY2U6cHc=";
const std::string mallory = "Basic bWFsbG9yeTpwdw==";
const access::Caller of_alice{{"reg", "team/app"}, Secret(alice)};
const access::Caller of_mallory{{"reg", "team/app"}, Secret(mallory)};
const access::Caller of_nobody{{"reg", "team/app"}, {}};

origin::Options options() {
  origin::Options options;
  options.upstreams["reg"].url = "http://reg";
  options.access["reg"].offline_grace = Milliseconds(60'000);
  options.upstreams["strict"].url = "http://strict";
  options.upstreams["open"].url = "http://open";
  options.access["open"].mode = origin::access_node;
  options.upstreams["configured"].url = "http://configured";
  options.upstreams["configured"].username_file = "/u";
  options.upstreams["configured"].password_file = "/p";
  return options;
}

Task<void> ask(access::Access& access, access::Caller caller, Digest digest, bool is_here,
               std::optional<Result<access::Verdict>>& verdict) {
  auto given = co_await access.may(std::move(caller), digest, origin::Kind::blob, is_here);
  verdict = std::move(given);
}

Task<void> ask_as(access::Access& access, access::Caller caller, Digest digest, origin::Kind kind,
                  std::optional<Result<access::Verdict>>& verdict) {
  auto given = co_await access.may(std::move(caller), digest, kind, false);
  verdict = std::move(given);
}

// team/app is Alice's; reg does not know Mallory.
struct Stage {
  explicit Stage(bool has_tracker = false)
      : trackers(
            loop, clock, has_tracker ? std::vector<std::string>{"http://tracker"} : std::vector<std::string>{},
            [] { return control::Hello{}; }, tracker.dial()) {
    tracker.runs_on(loop);
    origin.guard = [this](const origin::Repository&, const std::string& path, const std::string& authorization) {
      if (authorization != alice && !(is_public && authorization.empty())) return authorization.empty() ? 401U : denied;
      return path.ends_with(digest.text()) || path.ends_with(other.text()) ? 200U : 404U;
    };
    if (has_tracker) trackers.start(listener);
    settle();
  }
  void settle() {
    loop.restart();
    loop.poll();
  }
  Result<access::Verdict> may(const access::Caller& caller, const Digest& asked, bool is_here = false) {
    std::optional<Result<access::Verdict>> verdict;
    spawn(loop, ask(access, caller, asked, is_here, verdict));
    settle();
    REQUIRE(verdict);
    return std::move(*verdict);
  }
  bool is_granted(const access::Caller& caller, const Digest& asked, bool is_here = false) {
    const auto verdict = may(caller, asked, is_here);
    return verdict && std::holds_alternative<access::Granted>(*verdict);
  }
  unsigned refusal(const access::Caller& caller, const Digest& asked) {
    const auto verdict = may(caller, asked);
    return verdict && std::holds_alternative<origin::Answer>(*verdict) ? std::get<origin::Answer>(*verdict).status : 0;
  }
  void learn(const access::Caller& caller, const Digest& named) {
    const access::Granted read = access.note_read(caller, {digest});
    const access::Member member{named, ByteCount{7}};
    access.learn(read, {&member, 1});
  }

  struct Listener final : link::Listener {
    void on_up(link::TrackerLink&) override {}
    void on_message(link::TrackerLink&, control::TrackerMessage) override {}
  };
  Loop loop;
  ManualClock clock{loop};
  ScriptedTracker tracker;
  Listener listener;
  ScriptedOrigin origin{loop, clock, options()};
  Digest digest = origin.add(numbered_bytes(100));
  Digest other = origin.add(numbered_bytes(200));
  bool is_public = false;
  unsigned denied = 401;
  link::Trackers trackers;
  access::Access access{{loop, clock, origin, trackers}, {}};
};

}  // namespace

TEST_CASE("the origin lets a caller in with one HEAD, which counts for five minutes") {
  Stage stage;
  CHECK(stage.is_granted(of_alice, stage.digest));
  CHECK(stage.origin.methods == std::vector<std::string>{"HEAD"});
  CHECK(stage.is_granted(of_alice, stage.digest));
  stage.clock.advance(Milliseconds(299'999));
  CHECK(stage.is_granted(of_alice, stage.digest));
  CHECK(stage.origin.asked == 1);
  stage.clock.advance(Milliseconds(1));
  CHECK(stage.is_granted(of_alice, stage.digest));
  CHECK(stage.origin.asked == 2);
}

TEST_CASE("a grant says by whose authority") {
  Stage stage;
  const auto of = [&](const access::Caller& caller) {
    const auto verdict = stage.may(caller, stage.digest);
    return std::get<access::Granted>(*verdict).authority();
  };
  CHECK(of(of_alice).by == By::credential);
  CHECK(of(of_alice).credential_hash.size() == 16);
  stage.is_public = true;
  CHECK(of(of_nobody).by == By::anonymous);
  CHECK(of(of_nobody).credential_hash.empty());
  CHECK(of({{"open", "a"}, Secret(mallory)}).by == By::node);
}

TEST_CASE("a caller whom the origin refuses gets its answer, with the challenge, whatever others may have") {
  Stage stage;
  stage.learn(of_alice, stage.other);
  CHECK(stage.refusal(of_nobody, stage.digest) == 401);
  CHECK(stage.refusal(of_mallory, stage.digest) == 401);
  const auto verdict = stage.may(of_nobody, stage.other, true);
  const auto& refused = std::get<origin::Answer>(*verdict);
  CHECK(refused.challenges == std::vector<std::string>{"Basic realm=\"origin\""});
  CHECK(text_of(refused.body).find("UNAUTHORIZED") != std::string::npos);
  CHECK_FALSE(refused.length);
}

TEST_CASE("a layer that a manifest of the repository names costs no further question; to know a digest is no right") {
  Stage stage;
  stage.learn(of_alice, stage.other);
  CHECK(stage.is_granted(of_alice, stage.other));
  CHECK(stage.origin.asked == 0);
  const Digest foreign = digest_of(DigestAlgorithm::sha256, numbered_bytes(300));
  CHECK(stage.refusal(of_alice, foreign) == 404);
  CHECK(stage.origin.methods == std::vector<std::string>{"HEAD"});
}

TEST_CASE("a member that is here from another registry is asked for at this one, until its bytes have proven that it has it") {
  Stage stage;
  stage.learn(of_alice, stage.other);
  for (int asked = 1; asked < 3; ++asked) {
    CHECK(stage.is_granted(of_alice, stage.other, true));
    CHECK(stage.origin.asked == asked);
  }
  CHECK_FALSE(stage.access.possession().has("reg", stage.other));
  stage.access.possession().note("reg", stage.other);
  CHECK(stage.is_granted(of_alice, stage.other, true));
  CHECK(stage.origin.asked == 2);
}

TEST_CASE("what is a blob of the repository is asked for as a manifest") {
  Stage stage;
  stage.learn(of_alice, stage.other);
  std::optional<Result<access::Verdict>> verdict;
  spawn(stage.loop, ask_as(stage.access, of_alice, stage.other, origin::Kind::manifest, verdict));
  stage.settle();
  REQUIRE(verdict);
  CHECK(stage.origin.methods == std::vector<std::string>{"HEAD"});
  CHECK(stage.is_granted(of_alice, stage.other));
  CHECK(stage.origin.asked == 1);
}

TEST_CASE("what a manifest names without the layer at its registry is refused where the layer is here") {
  Stage stage;
  const Digest foreign = digest_of(DigestAlgorithm::sha256, numbered_bytes(300));
  stage.learn(of_alice, foreign);
  const auto verdict = stage.may(of_alice, foreign, true);
  CHECK(std::get<origin::Answer>(*verdict).status == 404);
}

TEST_CASE("one repository's manifest gives no right in another, and no size") {
  Stage stage;
  stage.learn(of_alice, stage.other);
  const access::Caller elsewhere{{"strict", "team/app"}, Secret(alice)};
  stage.access.note_read(elsewhere, {stage.digest});
  CHECK(stage.is_granted(elsewhere, stage.other));
  CHECK(stage.origin.asked == 1);
  CHECK(stage.access.size_of(of_alice.repository, stage.other, origin::Kind::blob) == ByteCount{7});
  CHECK(stage.access.size_of(elsewhere.repository, stage.other, origin::Kind::blob) == ByteCount{200});
}

TEST_CASE("a refused credential is not shown again for two seconds, and another one is") {
  Stage stage;
  CHECK(stage.refusal(of_mallory, stage.digest) == 401);
  CHECK(stage.refusal(of_mallory, stage.other) == 401);
  CHECK(stage.origin.asked == 1);
  CHECK(stage.is_granted(of_alice, stage.digest));
  CHECK(stage.origin.asked == 2);
  stage.clock.advance(access::Grants::refusal_life);
  CHECK(stage.refusal(of_mallory, stage.digest) == 401);
  CHECK(stage.origin.asked == 3);
}

TEST_CASE("a refusal anywhere ends the grant: what is here is asked for again") {
  Stage stage;
  CHECK(stage.is_granted(of_alice, stage.digest));
  origin::Answer refusal;
  refusal.status = 403;
  stage.access.note_refusal(of_alice, refusal);
  CHECK(stage.refusal(of_alice, stage.digest) == 403);
  stage.clock.advance(access::Grants::refusal_life);
  CHECK(stage.is_granted(of_alice, stage.digest));
  CHECK(stage.origin.asked == 2);
}

TEST_CASE("what HEAD refuses GET settles, with one byte of a blob") {
  for (const unsigned status : {403U, 404U, 405U, 501U}) {
    CAPTURE(status);
    Stage stage;
    stage.origin.head_status = status;
    CHECK(stage.is_granted(of_alice, stage.digest));
    CHECK(stage.origin.parts == std::vector<std::pair<std::uint64_t, std::uint64_t>>{{0, 1}});
    CHECK(stage.access.size_of(of_alice.repository, stage.digest, origin::Kind::blob).has_value());
    stage.denied = 403;
    CHECK(stage.refusal(of_mallory, stage.digest) == 403);
  }
}

TEST_CASE("a blob whose registry makes nothing of Range is opened whole, and its body is not read") {
  Stage stage;
  stage.origin.head_status = 405;
  stage.origin.ignores_ranges = true;
  CHECK(stage.is_granted(of_alice, stage.digest));
  CHECK(stage.origin.opened == 1);
  CHECK(stage.origin.sent_bytes == 0);
}

TEST_CASE("callers of one credential that ask at the same time share the question; others do not") {
  Stage stage;
  stage.origin.are_answers_held = true;
  std::array<std::optional<Result<access::Verdict>>, 4> verdicts;
  for (std::size_t i = 0; i < 3; ++i) spawn(stage.loop, ask(stage.access, of_alice, stage.digest, false, verdicts.at(i)));
  spawn(stage.loop, ask(stage.access, of_mallory, stage.digest, false, verdicts.at(3)));
  stage.settle();
  CHECK(stage.origin.asked == 2);
  stage.origin.go_on();
  stage.settle();
  for (std::size_t i = 0; i < 3; ++i) {
    REQUIRE(verdicts.at(i));
    CHECK(std::holds_alternative<access::Granted>(**verdicts.at(i)));
  }
  REQUIRE(verdicts.at(3));
  CHECK(std::holds_alternative<origin::Answer>(**verdicts.at(3)));
}

TEST_CASE("an origin that does not answer is waited for 25 s") {
  Stage stage;
  stage.origin.are_answers_held = true;
  std::optional<Result<access::Verdict>> verdict;
  spawn(stage.loop, ask(stage.access, of_alice, stage.digest, false, verdict));
  stage.settle();
  stage.clock.advance(Milliseconds(25'000));
  stage.settle();
  REQUIRE(verdict);
  CHECK(verdict->error().kind == ErrorKind::unavailable);
  stage.origin.go_on();
  stage.settle();
}

TEST_CASE("while the origin is down nobody new is let in, and the error says what to configure") {
  Stage stage;
  stage.origin.is_out_of_reach = true;
  const auto verdict = stage.may(of_alice, stage.digest);
  CHECK(verdict.error().kind == ErrorKind::unavailable);
  CHECK(verdict.error().what.find("offline_grace") != std::string::npos);
  CHECK(verdict.error().what.find("connect: no route") != std::string::npos);
}

TEST_CASE("while the origin is down a live grant goes on, and an ended one within the grace of its upstream") {
  Stage stage;
  const access::Caller strict{{"strict", "team/app"}, Secret(alice)};
  CHECK(stage.is_granted(of_alice, stage.digest));
  CHECK(stage.is_granted(strict, stage.digest));
  for (const char* upstream : {"reg", "strict"}) stage.access.possession().note(upstream, stage.digest);
  for (const bool fails : {false, true}) {
    stage.origin.is_out_of_reach = !fails;
    stage.origin.head_status = fails ? 502 : 200;
    CHECK(stage.is_granted(of_alice, stage.digest, true));
    CHECK(stage.is_granted(strict, stage.digest, true));
  }
  stage.clock.advance(Milliseconds(300'000));
  CHECK(stage.is_granted(of_alice, stage.digest, true));
  CHECK_FALSE(stage.may(of_alice, stage.other));
  CHECK_FALSE(stage.may(of_mallory, stage.digest));
  CHECK_FALSE(stage.may(strict, stage.digest));
  stage.clock.advance(Milliseconds(60'000));
  CHECK_FALSE(stage.may(of_alice, stage.digest));
}

TEST_CASE("an origin that limits requests is no origin that is down") {
  Stage stage;
  CHECK(stage.is_granted(of_alice, stage.digest));
  stage.clock.advance(Milliseconds(300'000));
  stage.origin.head_status = 429;
  CHECK_FALSE(stage.may(of_alice, stage.digest));
}

TEST_CASE("a caller without a credential is asked for through the tracker, and counts for an hour") {
  Stage stage(true);
  control::Checked yes;
  yes.status = 200;
  yes.size_bytes = 100;
  stage.tracker.answer_checks_with(yes);
  CHECK(stage.is_granted(of_nobody, stage.digest));
  CHECK(stage.access.size_of(of_nobody.repository, stage.digest, origin::Kind::blob) == ByteCount{100});
  stage.clock.advance(Milliseconds(3'599'999));
  CHECK(stage.is_granted(of_nobody, stage.digest));
  CHECK(stage.tracker.count<control::Check>() == 1);
  CHECK(stage.origin.asked == 0);
  const auto check = stage.tracker.heard<control::Check>().front();
  CHECK(check.upstream == "reg");
  CHECK(check.repository == "team/app");
  CHECK(check.digest == stage.digest);
  CHECK(check.longest_age_ms == 3'600'000);
  stage.clock.advance(Milliseconds(1));
  stage.settle();
  stage.is_public = true;  // the link may be down after so long a step
  CHECK(stage.is_granted(of_nobody, stage.digest));
  CHECK(stage.tracker.count<control::Check>() + static_cast<std::size_t>(stage.origin.asked) == 2);
}

TEST_CASE("a caller's credential goes to no tracker") {
  Stage stage(true);
  CHECK(stage.is_granted(of_alice, stage.digest));
  CHECK(stage.tracker.count<control::Check>() == 0);
  CHECK(stage.origin.asked == 1);
}

TEST_CASE("what the tracker is refused is refused, unless this node has a credential that the tracker lacks") {
  Stage stage(true);
  control::Checked no;
  no.status = 401;
  no.answer = {401, {"Bearer realm=\"https://auth\""}, "UNAUTHORIZED", "log in"};
  stage.tracker.answer_checks_with(no);
  const auto verdict = stage.may(of_nobody, stage.digest);
  const auto& refused = std::get<origin::Answer>(*verdict);
  CHECK(refused.status == 401);
  CHECK(refused.challenges == std::vector<std::string>{"Bearer realm=\"https://auth\""});
  CHECK(stage.origin.asked == 0);
  stage.is_public = true;  // as the configured credential is shown by the origin client itself
  CHECK(stage.is_granted({{"configured", "team/app"}, {}}, stage.digest));
  CHECK(stage.origin.asked == 1);
}

TEST_CASE("a tracker that cannot ask leaves the question to this node, unless it waits for its turn") {
  Stage stage(true);
  stage.is_public = true;
  control::Checked none;
  none.what = "not configured";
  stage.tracker.answer_checks_with(none);
  CHECK(stage.is_granted(of_nobody, stage.digest));
  CHECK(stage.origin.asked == 1);
  none.retry_after_ms = 3'000;
  stage.tracker.answer_checks_with(none);
  const auto verdict = stage.may(of_nobody, stage.other);
  CHECK(verdict.error().retry_after == Milliseconds(3'000));
  CHECK(stage.origin.asked == 1);
}

TEST_CASE("an upstream of mode node is open to all who reach the port, and no origin is asked") {
  Stage stage;
  stage.origin.is_out_of_reach = true;
  CHECK(stage.is_granted({{"open", "team/app"}, {}}, stage.digest, true));
  CHECK(stage.is_granted({{"open", "team/app"}, Secret(mallory)}, stage.other));
  CHECK(stage.origin.asked == 0);
}

TEST_CASE("what a tracker was told a while ago counts for the rest of its hour, and not for another one") {
  Stage stage(true);
  control::Checked yes;
  yes.status = 200;
  yes.age_ms = 3'540'000;
  stage.tracker.answer_checks_with(yes);
  CHECK(stage.is_granted(of_nobody, stage.digest));
  stage.clock.advance(Milliseconds(59'999));
  CHECK(stage.is_granted(of_nobody, stage.digest));
  CHECK(stage.tracker.count<control::Check>() == 1);
  stage.clock.advance(Milliseconds(1));
  CHECK(stage.is_granted(of_nobody, stage.digest));
  CHECK(stage.tracker.count<control::Check>() == 2);
}
