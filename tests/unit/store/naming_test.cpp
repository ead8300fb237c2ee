// Each step on the way to a durable name undoes itself when it is dropped.
#include "shared/store/reservation/naming.hpp"

#include <catch2/catch.hpp>

#include "layers.hpp"
#include "tests/doubles/temporary_directory.hpp"

using namespace shoal;
using namespace shoal::store;

namespace {

using Paths = std::vector<std::string>;

struct Fixture {
  // With all its bytes in the file.
  std::shared_ptr<Reservation> reserve() {
    auto reservation = std::make_shared<Reservation>(root, digest, ByteCount{bytes.size()}, next++, false);
    REQUIRE(reservation->make_file());
    REQUIRE(write_pieces(*reservation->file(), bytes));
    return reservation;
  }
  Paths files(const std::string& place) const { return files_in(directory.path(), place); }

  TemporaryDirectory directory;
  RootHandle root = open_root({directory.path(), 10_MiB, nullptr});
  Bytes bytes = made_bytes(GENERATE(40'000, 400'000));  // in tmp/, in partial/
  Digest digest = digest_of_bytes(bytes);
  SideFile side = side_of(digest, bytes);
  std::uint64_t next = 0;
};

}  // namespace

TEST_CASE("a layer that is written has a side file only, and loses it when it is dropped") {
  Fixture f;
  {
    auto written = Written::make(f.reserve(), f.side).value();
    REQUIRE(f.files("layers").size() == 1);
    CHECK(f.files("layers")[0].ends_with(".side"));
  }
  CHECK(f.files("layers").empty());
  CHECK(f.files("tmp").empty());
}

TEST_CASE("a named layer loses both names when it is dropped, and keeps them when it is adopted") {
  Fixture f;
  const bool is_adopted = GENERATE(false, true);
  {
    auto named = Written::make(f.reserve(), f.side).value().give_name().value();
    CHECK(named.is_data_ours());
    CHECK(f.files("layers").size() == 2);
    if (is_adopted) named.adopt();
  }
  CHECK(f.files("layers").size() == (is_adopted ? 2 : 0));
  CHECK(f.files("tmp").empty());
  CHECK(f.files("partial").empty());
}

TEST_CASE("of two pulls of one layer the first gives it its name, and the second one's end takes nothing from it") {
  Fixture f;
  auto first = Written::make(f.reserve(), f.side).value().give_name().value();
  first.adopt();
  {
    auto second = Written::make(f.reserve(), f.side).value().give_name().value();
    CHECK_FALSE(second.is_data_ours());
    if (GENERATE(false, true)) second.adopt();
  }
  CHECK(f.files("layers").size() == 2);
  CHECK(f.files("tmp").empty());
}

TEST_CASE("a reservation says that it ended once, when its files have gone or its layer is held") {
  Fixture f;
  {
    auto named = Written::make(f.reserve(), f.side).value().give_name().value();
    CHECK(f.root->ended.take_all().empty());
    if (GENERATE(false, true)) named.adopt();
  }
  const std::vector<Ended> ended = f.root->ended.take_all();
  REQUIRE(ended.size() == 1);
  CHECK(ended[0].digest == f.digest);
  CHECK(ended[0].outcome == Outcome::removed);
}

TEST_CASE("a second commit of one reservation is refused") {
  Fixture f;
  const auto reservation = f.reserve();
  const auto named = Written::make(reservation, f.side).value().give_name().value();
  CHECK(Written::make(reservation, f.side).error().kind == ErrorKind::refused);
  CHECK(f.files("layers").size() == 2);
}
