// Which answer belongs to which question, and when a question is given up.
#include "agent/link/questions.hpp"

#include <catch2/catch.hpp>

#include "agent/link/recent_leaves.hpp"
#include "shared/crypto/hasher.hpp"
#include "tests/unit/agent/scripted_tracker.hpp"

using namespace shoal;
using namespace shoal::agent;
using namespace shoal::agent::link;

namespace {

const Digest digest = digest_of(DigestAlgorithm::sha256, bytes_of("layer"));
const Digest another = digest_of(DigestAlgorithm::sha256, bytes_of("another"));
constexpr Milliseconds limit{5'000};
constexpr Milliseconds longest{15'000};
constexpr Milliseconds paced{25'000};

Task<void> join(Questions& questions, Digest layer, std::optional<Result<JoinAnswer>>& answer) {
  const JoinLimits limits{limit, longest, paced, paced};
  answer = co_await questions.await_join(layer, "reg", limits);
}

Task<void> resolve(Questions& questions, std::uint32_t request, std::optional<Result<control::Resolved>>& answer) {
  answer = co_await questions.await_resolved(request, limit);
}

Task<void> check(Questions& questions, std::uint32_t request, std::optional<Result<control::Checked>>& answer) {
  answer = co_await questions.await_checked(request, limit);
}

struct Stage {
  void join(const Digest& layer, std::optional<Result<JoinAnswer>>& answer) {
    spawn(loop, ::join(questions, layer, answer));
    settle();
  }
  bool take(const control::TrackerMessage& message) {
    const bool taken = questions.take(message);
    settle();
    return taken;
  }
  void pass(Milliseconds time) {
    clock.advance(time);
    settle();
  }
  void settle() {
    loop.restart();
    loop.poll();
  }

  Loop loop;
  ManualClock clock{loop};
  Questions questions{loop, clock, "http://tracker"};
};

control::Resolved resolved(std::uint32_t request) {
  control::Resolved answer;
  answer.request = request;
  return answer;
}

}  // namespace

TEST_CASE("Joined and Refused answer all joins of their layer, and no other") {
  Stage stage;
  std::optional<Result<JoinAnswer>> first;
  std::optional<Result<JoinAnswer>> second;
  std::optional<Result<JoinAnswer>> other;
  stage.join(digest, first);
  stage.join(digest, second);
  stage.join(another, other);
  CHECK(stage.take(joined_to(digest, 1)));
  REQUIRE((first && second));
  CHECK(std::holds_alternative<control::Joined>(first->value()));
  CHECK(std::holds_alternative<control::Joined>(second->value()));
  CHECK_FALSE(other);
  CHECK(stage.take(control::Refused{another, control::Reason::denied, "no", 0}));
  REQUIRE(other);
  CHECK(std::holds_alternative<control::Refused>(other->value()));
}

TEST_CASE("the answer to another registry's join answers no other one, and is no push that leaves the swarm") {
  Stage stage;
  std::optional<Result<JoinAnswer>> answer;
  stage.join(digest, answer);
  control::Joined late = joined_to(digest, 1);
  late.upstream = "evil";
  CHECK(stage.take(late));
  control::Refused refused{digest, control::Reason::not_found, "404", 0};
  refused.upstream = "evil";
  CHECK(stage.take(refused));
  CHECK_FALSE(answer);
  late.upstream = "reg";
  CHECK(stage.take(late));
  REQUIRE(answer);
  CHECK(std::holds_alternative<control::Joined>(answer->value()));
}

TEST_CASE("an answer that no join waits for is a push") {
  Stage stage;
  CHECK_FALSE(stage.take(joined_to(digest, 1)));
  std::optional<Result<JoinAnswer>> answer;
  stage.join(digest, answer);
  CHECK(stage.questions.take(joined_to(digest, 1)));
  CHECK_FALSE(stage.questions.take(joined_to(digest, 2)));  // in the same turn of the loop
  stage.settle();
  CHECK(std::get<control::Joined>(answer->value()).generation == 1);
  CHECK_FALSE(stage.take(control::Peers{digest, 1, {}}));
}

TEST_CASE("a join is given up after its limit without an answer") {
  Stage stage;
  std::optional<Result<JoinAnswer>> answer;
  stage.join(digest, answer);
  stage.pass(limit - Milliseconds(1));
  CHECK_FALSE(answer);
  stage.pass(Milliseconds(1));
  REQUIRE(answer);
  REQUIRE_FALSE(*answer);
  CHECK(answer->error().kind == ErrorKind::unavailable);
  CHECK_FALSE(stage.take(joined_to(digest, 1)));  // it comes too late
}

TEST_CASE("while the tracker says Waiting a join goes on, up to the longest wait") {
  Stage stage;
  std::optional<Result<JoinAnswer>> answer;
  stage.join(digest, answer);
  Milliseconds waited{0};
  for (; !answer && waited < Milliseconds(60'000); waited += Milliseconds(1'000)) {
    CHECK_FALSE(stage.take(control::Waiting{digest}));  // the swarm's membership hears it too
    stage.pass(Milliseconds(1'000));
  }
  CHECK(waited >= longest);
  CHECK(waited <= longest + limit);
}

TEST_CASE("while the registry limits the tracker's requests a join goes on for longer, and its end asks for rest") {
  Stage stage;
  std::optional<Result<JoinAnswer>> answer;
  stage.join(digest, answer);
  Milliseconds waited{0};
  for (; !answer && waited < Milliseconds(60'000); waited += Milliseconds(1'000)) {
    stage.take(control::Waiting{digest, true});
    stage.pass(Milliseconds(1'000));
  }
  CHECK(waited >= paced);
  CHECK(waited <= paced + limit);
  REQUIRE_FALSE(*answer);
  CHECK(answer->error().kind == ErrorKind::unavailable);
  CHECK(answer->error().retry_after > Milliseconds(0));
}

TEST_CASE("a tracker that goes silent while the registry limits its requests is left like any other") {
  Stage stage;
  std::optional<Result<JoinAnswer>> answer;
  stage.join(digest, answer);
  stage.take(control::Waiting{digest, true});
  stage.pass(limit);
  REQUIRE((answer && !*answer));
  CHECK(answer->error().retry_after == Milliseconds(0));
}

TEST_CASE("a link that goes down or is silent answers all its questions with the cause") {
  Stage stage;
  std::optional<Result<JoinAnswer>> joining;
  std::optional<Result<control::Resolved>> resolving;
  stage.join(digest, joining);
  spawn(stage.loop, resolve(stage.questions, stage.questions.next_request(), resolving));
  stage.settle();
  stage.take(control::Waiting{digest});
  stage.questions.end_all({ErrorKind::unavailable, "the tracker is silent"});
  stage.settle();
  REQUIRE((joining && resolving));
  CHECK(joining->error().what == "the tracker is silent");
  CHECK(resolving->error().what == "the tracker is silent");
  CHECK_FALSE(stage.questions.any());
}

TEST_CASE("a tag's answer is paired by its number, and a late one is dropped") {
  Stage stage;
  const std::uint32_t first = stage.questions.next_request();
  const std::uint32_t second = stage.questions.next_request();
  std::optional<Result<control::Resolved>> to_first;
  std::optional<Result<control::Resolved>> to_second;
  spawn(stage.loop, resolve(stage.questions, first, to_first));
  spawn(stage.loop, resolve(stage.questions, second, to_second));
  stage.settle();
  CHECK(stage.take(resolved(second)));
  CHECK_FALSE(to_first);
  REQUIRE(to_second);
  CHECK(to_second->value().request == second);
  stage.pass(limit);
  REQUIRE(to_first);
  CHECK_FALSE(*to_first);
  CHECK(stage.take(resolved(first)));
}

TEST_CASE("a check's answer is paired by its number, and the end of the link ends the others") {
  Stage stage;
  const std::uint32_t first = stage.questions.next_request();
  const std::uint32_t second = stage.questions.next_request();
  std::optional<Result<control::Checked>> to_first;
  std::optional<Result<control::Checked>> to_second;
  spawn(stage.loop, check(stage.questions, first, to_first));
  spawn(stage.loop, check(stage.questions, second, to_second));
  stage.settle();
  CHECK(stage.questions.any());
  control::Checked answer;
  answer.request = second;
  answer.status = 401;
  CHECK(stage.take(answer));
  CHECK_FALSE(to_first);
  REQUIRE(to_second);
  CHECK(to_second->value().status == 401);
  stage.questions.end_all({ErrorKind::unavailable, "the tracker is silent"});
  stage.settle();
  REQUIRE(to_first);
  CHECK(to_first->error().what == "the tracker is silent");
  CHECK_FALSE(stage.questions.any());
}

TEST_CASE("what was left is repeated for a minute, unless it was joined again") {
  RecentLeaves leaves;
  const Time start{};
  leaves.add(digest, start);
  leaves.add(another, start + Milliseconds(30'000));
  CHECK(leaves.list(start + control::timing::repeat_leaves).size() == 2);
  leaves.remove(another);
  CHECK(leaves.list(start + control::timing::repeat_leaves) == std::vector{digest});
  CHECK(leaves.list(start + control::timing::repeat_leaves + Milliseconds(1)).empty());
}
