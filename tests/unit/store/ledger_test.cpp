#include "shared/store/accounts/ledger.hpp"

#include <catch2/catch.hpp>

#include "layers.hpp"

using namespace shoal;
using namespace shoal::store;
using Kind = Ledger::Kind;

namespace {

Digest named(const char* name) {
  return digest_of_bytes(bytes_of(name));
}

std::vector<Digest> evicted_in_order(const Ledger& ledger) {
  std::vector<Digest> digests;
  for (const Ledger::Item& item : ledger.eviction_order()) digests.push_back(item.digest);
  return digests;
}

}  // namespace

TEST_CASE("held layers, partial layers and reservations share the capacity to the byte") {
  Ledger ledger({100});
  ledger.add(Kind::held, named("a"), {40});
  ledger.add(Kind::partial, named("b"), {30});
  ledger.reserve({20});
  CHECK(ledger.fits({10}));
  CHECK_FALSE(ledger.fits({11}));
  CHECK(ledger.can_ever_fit({80}));
  CHECK_FALSE(ledger.can_ever_fit({81}));
  ledger.release({20});
  CHECK(ledger.fits({30}));
  CHECK(ledger.can_ever_fit({100}));
  CHECK_FALSE(ledger.can_ever_fit({101}));
}

TEST_CASE("a store that holds more than its capacity fits nothing until enough has gone") {
  Ledger ledger({100});
  ledger.add(Kind::held, named("a"), {90});
  ledger.add(Kind::held, named("b"), {90});
  CHECK_FALSE(ledger.fits({0}));
  ledger.remove(Kind::held, named("a"));
  CHECK(ledger.fits({10}));
}

TEST_CASE("partial layers are evicted first, then held layers, the least recently used first") {
  Ledger ledger({100});
  ledger.add(Kind::held, named("a"), {1});
  ledger.add(Kind::held, named("b"), {1});
  ledger.add(Kind::partial, named("c"), {1});
  ledger.add(Kind::partial, named("d"), {1});
  CHECK(evicted_in_order(ledger) == std::vector{named("c"), named("d"), named("a"), named("b")});
  ledger.touch(named("a"));
  CHECK(evicted_in_order(ledger) == std::vector{named("c"), named("d"), named("b"), named("a")});
  ledger.touch(named("unknown"));
  CHECK(ledger.list(Kind::held) == std::vector{named("b"), named("a")});
}

TEST_CASE("a corrupt layer that cannot be deleted takes room like a held one, and is evicted before all others") {
  Ledger ledger({100});
  ledger.add(Kind::held, named("a"), {10});
  ledger.add(Kind::partial, named("b"), {20});
  ledger.add(Kind::corrupt_undeletable, named("c"), {30});
  CHECK(evicted_in_order(ledger) == std::vector{named("c"), named("b"), named("a")});
  CHECK(ledger.list(Kind::held) == std::vector{named("a")});
  CHECK(ledger.fits({40}));
  CHECK_FALSE(ledger.fits({41}));
  const Ledger::Item corrupt{named("c"), Kind::corrupt_undeletable};
  CHECK(ledger.would_fit({70}, {corrupt}));
  CHECK_FALSE(ledger.would_fit({71}, {corrupt}));
}

TEST_CASE("a layer counts once however often it is added or removed") {
  Ledger ledger({100});
  for (int i = 0; i < 2; ++i) ledger.add(Kind::held, named("a"), {40});
  CHECK(ledger.bytes(Kind::held).value == 40);
  for (int i = 0; i < 2; ++i) ledger.remove(Kind::held, named("a"));
  CHECK(ledger.bytes(Kind::held).value == 0);
  CHECK_FALSE(ledger.has(Kind::held, named("a")));
}

TEST_CASE("the ledger knows for how long a layer was not used, also before the start") {
  Ledger ledger({100});
  ledger.add(Kind::held, named("a"), {1}, Milliseconds(50));
  ledger.add(Kind::partial, named("b"), {1});
  ledger.pass(Milliseconds(10));
  CHECK(ledger.unused({named("a"), Kind::held}) == Milliseconds(60));
  CHECK(ledger.unused({named("b"), Kind::partial}) == Milliseconds(10));
  CHECK(ledger.touch(named("a")));  // the latest used already, but not at this time
  CHECK_FALSE(ledger.touch(named("a")));
  CHECK(ledger.unused({named("a"), Kind::held}) == Milliseconds(0));
  CHECK(ledger.unused({named("unknown"), Kind::held}) == Milliseconds(0));
}
