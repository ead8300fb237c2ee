#include "shared/store/accounts/accounts.hpp"

#include <catch2/catch.hpp>

#include "layers.hpp"

using namespace shoal;
using namespace shoal::store;
using Kind = Ledger::Kind;

namespace {

const Digest one = digest_of_bytes(bytes_of("one"));
const Digest two = digest_of_bytes(bytes_of("two"));

}  // namespace

TEST_CASE("a reservation takes its room from its beginning until it says that it ended") {
  EndQueue ended;
  Accounts accounts({100}, ended);
  accounts.begin(one, {40});
  CHECK(accounts.is_active(one));
  CHECK(accounts.ledger().reserved().value == 40);
  ended.add({one, Outcome::removed});
  CHECK(accounts.ledger().reserved().value == 0);
  CHECK_FALSE(accounts.is_active(one));
  CHECK(accounts.ledger().fits({100}));
}

TEST_CASE("a reservation that leaves a partial layer passes its room on to that") {
  EndQueue ended;
  Accounts accounts({100}, ended);
  accounts.begin(one, {40});
  accounts.begin(two, {50});
  ended.add({one, Outcome::partial});
  CHECK(accounts.ledger().bytes(Kind::partial).value == 40);
  CHECK(accounts.ledger().reserved().value == 50);
  CHECK(accounts.ledger().list(Kind::partial) == std::vector{one});
}

TEST_CASE("a digest can be reserved again as soon as its reservation has ended") {
  EndQueue ended;
  Accounts accounts({100}, ended);
  accounts.begin(one, {40});
  ended.add({one, Outcome::removed});
  REQUIRE_FALSE(accounts.is_active(one));
  accounts.begin(one, {60});
  CHECK(accounts.ledger().reserved().value == 60);
}
