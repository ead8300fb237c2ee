#include "shared/store/scrub.hpp"

#include <catch2/catch.hpp>
#include <fstream>

#include "layers.hpp"
#include "tests/doubles/temporary_directory.hpp"

using namespace shoal;
using namespace shoal::store;

namespace {

struct Fixture {
  Fixture() {
    for (unsigned seed = 1; seed <= 3; ++seed) {
      const Bytes bytes = made_bytes(40'000, seed);
      digests.push_back(digest_of_bytes(bytes));
      REQUIRE(put(store, bytes));
    }
  }
  void corrupt(const Digest& digest) const {
    const std::string path = directory.path() + "/layers/sha256/" + digest.hex().substr(0, 2) + "/" + digest.hex();
    std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(12'345);
    file << "rot";
  }
  void pass() {
    spawn(loop, scrub.pass());
    const auto give_up = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    while (metrics.checked_layers.value() < 3 && std::chrono::steady_clock::now() < give_up) {
      loop.restart();
      loop.run_for(Milliseconds(1));
      clock.advance(Milliseconds(100));
    }
  }

  TemporaryDirectory directory;
  Store store{{directory.path(), 1_MiB, nullptr}};
  std::vector<Digest> digests;
  Loop loop;
  ManualClock clock{loop};
  Pool pool{1};
  ScrubMetrics metrics;
  std::vector<Digest> wrong;
  Scrub scrub{{loop, clock, pool, store, metrics}, {}, [this](const Digest& digest) { wrong.push_back(digest); }};
};

}  // namespace

TEST_CASE("a pass reads every held layer and leaves those that are right, in their order of use") {
  Fixture f;
  REQUIRE(f.store.find(f.digests[0]));
  const auto before = f.store.digests();
  f.pass();
  CHECK(f.store.digests() == before);
  CHECK(f.wrong.empty());
  CHECK(f.metrics.checked_bytes.value() == 120'000);
}

TEST_CASE("a layer whose bytes changed on the disk is removed, counted and told of") {
  Fixture f;
  f.corrupt(f.digests[1]);
  f.pass();
  CHECK(f.wrong == std::vector{f.digests[1]});
  CHECK(f.metrics.wrong_layers.value() == 1);
  CHECK_FALSE(f.store.find(f.digests[1]));
  CHECK(f.store.digests().size() == 2);
  CHECK(put(f.store, made_bytes(40'000, 2)));
}

TEST_CASE("a layer that is suspected is checked at once, and so are others that are suspected meanwhile") {
  Fixture f;
  f.corrupt(f.digests[0]);
  f.corrupt(f.digests[2]);
  for (const std::size_t i : {0U, 0U, 2U}) f.scrub.suspect(f.digests[i]);
  f.scrub.suspect(digest_of_bytes(made_bytes(7, 7)));  // not held
  const auto give_up = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (f.wrong.size() < 2 && std::chrono::steady_clock::now() < give_up) {
    f.loop.restart();
    f.loop.run_for(Milliseconds(1));
    f.clock.advance(Milliseconds(100));
  }
  CHECK(f.wrong.size() == 2);
  CHECK(f.store.digests() == std::vector{f.digests[1]});
}

TEST_CASE("a layer whose file is gone is reported like a corrupt one") {
  Fixture f;
  std::filesystem::remove(f.directory.path() + "/layers/sha256/" + f.digests[2].hex().substr(0, 2) + "/" +
                          f.digests[2].hex());
  f.metrics.checked_layers.add();  // there is nothing to read of it
  f.pass();
  CHECK(f.wrong == std::vector{f.digests[2]});
  CHECK(f.metrics.wrong_layers.value() == 1);
  CHECK(f.store.digests().size() == 2);
}

TEST_CASE("a layer takes as long to check as its bytes at the rate") {
  Fixture f;
  const Time before = f.clock.now();
  Scrub slow({f.loop, f.clock, f.pool, f.store, f.metrics}, {.rate = {10'000}}, [](const Digest&) {});
  spawn(f.loop, slow.pass());
  const auto give_up = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (f.metrics.checked_layers.value() < 1 && std::chrono::steady_clock::now() < give_up) {
    f.loop.restart();
    f.loop.run_for(Milliseconds(1));
    f.clock.advance(Milliseconds(10));
  }
  CHECK(f.clock.now() - before >= Milliseconds(4'000));
}

TEST_CASE("the keys of the store are read, printed and checked") {
  Options options;
  ScrubOptions scrub;
  const auto describe_both = [&](config::Section& root) { describe(root, options, scrub); };
  config::read_text("[store]\npath = \"/x\"\ncapacity = \"5GiB\"\nscrub_every = \"2h\"\nscrub_rate = \"1MiB/s\"\n", "f",
                    describe_both);
  CHECK(options.path == "/x");
  CHECK(options.capacity == 5_GiB);
  CHECK(scrub.every == std::chrono::hours(2));
  CHECK(scrub.rate.bytes_per_second == 1 << 20);
  CHECK_THROWS_AS(config::read_text("[store]\nscrub_rate = \"0B/s\"\n", "f", describe_both), StartError);
  CHECK_THROWS_AS(config::read_text("[store]\npath = \"\"\n", "f", describe_both), StartError);
}

TEST_CASE("how much the store leaves to others is a size or per cent, and how long it keeps a layer is no less than a minute") {
  Options options;
  ScrubOptions scrub;
  const auto describe_both = [&](config::Section& root) { describe(root, options, scrub); };
  config::read_text("[store]\ncapacity = \"20%\"\nmin_free = \"2GiB\"\nkeep = \"6h\"\n", "f", describe_both);
  CHECK(options.capacity == ByteShare::percent(20));
  CHECK(options.min_free == 2_GiB);
  CHECK(options.keep == std::chrono::hours(6));
  CHECK_THAT(config::print(describe_both), Catch::Contains("capacity = \"20%\"") && Catch::Contains("keep = \"6h\""));
  const auto refuses = [&](const std::string& line, const std::string& why) {
    options = Options();
    CHECK_THROWS_WITH(config::read_text("[store]\n" + line + "\n", "f", describe_both), Catch::Contains(why));
  };
  refuses("capacity = \"120%\"", "[store] capacity: \"120%\" is not understood");
  refuses("min_free = \"100%\"", "[store] min_free: \"100%\" leaves nothing for the store");
  refuses("min_free = 10", "[store] min_free: must be a text with a unit, for example \"50GiB\" or \"10%\"");
  refuses("keep = \"5s\"", "[store] keep: must be 1m or more");
}
