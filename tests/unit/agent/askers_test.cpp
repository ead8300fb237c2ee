// Whose turn it is among the callers of one layer, and which failure is whose.
#include "agent/pull/askers.hpp"

#include <catch2/catch.hpp>

#include "shared/crypto/hasher.hpp"

using namespace shoal;
using namespace shoal::agent::pull;

namespace {

Ask ask(const std::string& upstream, const std::string& authorization = "") {
  return {.digest = digest_of(DigestAlgorithm::sha256, {}),
          .kind = origin::Kind::blob,
          .repository = {upstream, "app"},
          .size_hint = {},
          .authorization = Secret(authorization)};
}

Error unreachable() {
  return {ErrorKind::unavailable, "connect: no route"};
}

Error refusal() {
  Error error{ErrorKind::refused, "401"};
  error.answered = Answered{401, {}, "", ""};
  return error;
}

const Time now{};

}  // namespace

TEST_CASE("callers that ask as one another are one asker, and other sizes, credentials and registries are others") {
  Askers askers(ask("reg"), now);
  CHECK(askers.join(ask("reg"), now) == askers.filler());
  CHECK(askers.join(ask("reg", "Basic x"), now) != askers.filler());
  CHECK(askers.join(ask("other"), now) != askers.filler());
  Ask sized = ask("reg");
  sized.size_hint = ByteCount{5};
  CHECK(askers.join(sized, now) != askers.filler());
  CHECK(askers.all().size() == 4);
}

TEST_CASE("a refusal is its caller's alone, and the next one's turn comes") {
  Askers askers(ask("reg", "wrong"), now);
  const SharedAsker second = askers.join(ask("reg", "right"), now);
  const SharedAsker first = askers.next();
  first->is_asking = true;
  askers.note_failure(*first, refusal());
  first->is_asking = false;
  CHECK(first->is_refused);
  CHECK_FALSE(second->is_refused);
  CHECK(askers.next() == second);
  CHECK(askers.join(ask("reg", "wrong"), now) != first);  // it may be let in by now
}

TEST_CASE("a registry that does not answer one caller is not asked for its others, and another registry is") {
  Askers askers(ask("dead", "a"), now);
  const SharedAsker alike = askers.join(ask("dead", "b"), now);
  const SharedAsker other = askers.join(ask("reg"), now);
  askers.note_failure(*askers.filler(), unreachable());
  CHECK(alike->is_spent);
  CHECK(alike->failure->what == unreachable().what);
  CHECK_FALSE(alike->is_refused);
  CHECK(askers.next() == other);
}

TEST_CASE("beside a slow registry another one is asked, once, and never the same") {
  Askers askers(ask("slow", "a"), now);
  askers.join(ask("slow", "b"), now);
  const SharedAsker other = askers.join(ask("reg"), now);
  askers.filler()->is_asking = true;
  CHECK(askers.next_beside() == other);
  ++other->turns;
  CHECK_FALSE(askers.next_beside());
  CHECK(askers.next()->ask.authorization == Secret("b"));
}

TEST_CASE("the callers of one registry do not keep those of another out") {
  Askers askers(ask("evil", "0"), now);
  for (std::size_t i = 1; i < Askers::most; ++i) REQUIRE(askers.join(ask("evil", std::to_string(i)), now));
  CHECK_FALSE(askers.join(ask("evil", "one more"), now));
  const SharedAsker last = askers.all().back();
  CHECK(askers.join(ask("good"), now));
  CHECK(askers.all().size() == Askers::most);
  CHECK(last->is_refused);
  CHECK(last->failure->kind == ErrorKind::unavailable);
}

TEST_CASE("after wrong bytes those of the registry that sent them come last, and twice is enough") {
  Askers askers(ask("evil"), now);
  askers.join(ask("good"), now);
  askers.provenance().note_direct("evil");
  askers.note_corrupt();
  const auto left = askers.left(2);
  REQUIRE(left.size() == 2);
  CHECK(left[0]->ask.repository.upstream == "good");
  Askers again(left);
  again.provenance().note_direct("evil");
  again.note_corrupt();
  CHECK(again.left(2).size() == 1);
}

TEST_CASE("wrong bytes of the cluster count for all callers") {
  Askers askers(ask("reg"), now);
  askers.note_corrupt();
  CHECK(askers.left(2).size() == 1);
  askers.note_corrupt();
  CHECK(askers.left(2).empty());
}

TEST_CASE("bytes of one registry are foreign to the callers of all others") {
  Askers askers(ask("reg"), now);
  CHECK_FALSE(askers.provenance().is_direct_of_another("reg"));
  askers.provenance().note_direct("reg");
  CHECK_FALSE(askers.provenance().is_direct_of_another("reg"));
  CHECK(askers.provenance().is_direct_of_another("other"));
  askers.note_size_of("reg");
  CHECK(askers.names_size("reg"));
  CHECK_FALSE(askers.names_size("other"));
}
