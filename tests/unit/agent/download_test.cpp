// What a download knows of where its pieces came from.
#include "agent/pull/download.hpp"

#include <catch2/catch.hpp>

#include "tests/doubles/failing_operation.hpp"
#include "tests/doubles/temporary_directory.hpp"
#include "tests/unit/agent/busy_pool.hpp"

using namespace shoal;
using namespace shoal::agent::pull;

namespace {

Task<void> resume_into(Download& download, Generation generation, bool& done) {
  const Result<void> resumed = co_await download.resume(generation);
  done = resumed.has_value();
}

Task<void> read_into(Download& download, std::optional<bool>& is_readable) {
  const auto span = co_await download.readable_within(0, Milliseconds(20'000));
  is_readable = span.has_value();
}

Task<void> write_into(Download& download, Bytes bytes, std::optional<Result<void>>& written) {
  written = co_await download.write_whole(std::move(bytes), &Received::from_holder);
}

struct Stage {
  explicit Stage(std::size_t size = 10 * 16384) : bytes(size) {
    auto reserved = store.reserve(digest, {bytes.size()});
    REQUIRE(reserved);
    download->begin(std::move(*reserved));
  }
  void settle() {
    loop.restart();
    loop.poll();
  }
  void resume(Generation generation) {
    bool done = false;
    spawn(loop, resume_into(*download, generation, done));
    settle();
    REQUIRE(done);
  }
  void write(PieceIndex piece) {
    const auto file = download->arrival().file();
    const PieceLayout& layout = file->layout();
    const ByteView part = ByteView(bytes).subspan(layout.offset(piece), layout.length(piece));
    const auto written = file->write(PieceHashes::of_origin(layout, piece, part));
    REQUIRE(written);
    download->note(*written, &Received::from_peers);
  }

  TemporaryDirectory directory;
  FailingOperation disk;
  store::Store store{
      {.path = directory.path(), .capacity = 50_MiB, .faults = &disk}};  // outlives what the loop still has
  Loop loop;
  ManualClock clock{loop};
  Pool pool{0};
  Bytes bytes;
  Digest digest = digest_of(DigestAlgorithm::sha256, bytes);
  SharedDownload download = std::make_shared<Download>(Download::Parts{loop, clock, pool},
                                                       Askers({.digest = digest,
                                                               .kind = origin::Kind::blob,
                                                               .repository = {"reg", "lib"},
                                                               .size_hint = {},
                                                               .authorization = {}},
                                                              clock.now()),
                                                       Download::Attempt{});
};

}  // namespace

TEST_CASE("pieces of one generation are proven in it, and in the next one none is") {
  Stage stage;
  stage.resume(5);
  stage.write(0);
  stage.resume(5);
  CHECK(stage.download->arrival().proven().held() == 1);
  CHECK(stage.download->arrival().unproven().held() == 0);
  CHECK(stage.download->arrival().generation() == 5);
  stage.resume(6);
  stage.write(1);
  CHECK(stage.download->arrival().proven().held() == 0);
  CHECK(stage.download->arrival().unproven().held() == 2);
  CHECK_FALSE(stage.download->arrival().generation());  // nobody can tell whose bytes were wrong if they are
}

TEST_CASE("a reader waits for its limit by the clock that the download was given, and no longer") {
  Stage stage;
  std::optional<bool> is_readable;
  spawn(stage.loop, read_into(*stage.download, is_readable));
  stage.settle();
  stage.clock.advance(Milliseconds(19'999));
  stage.settle();
  CHECK_FALSE(is_readable);
  stage.clock.advance(Milliseconds(1));
  stage.settle();
  CHECK(is_readable == false);
}

TEST_CASE("a reader that waits gets the first byte when its piece has come") {
  Stage stage;
  std::optional<bool> is_readable;
  spawn(stage.loop, read_into(*stage.download, is_readable));
  stage.settle();
  stage.write(1);
  stage.settle();
  CHECK_FALSE(is_readable);
  stage.write(0);
  stage.settle();
  CHECK(is_readable == true);
}

TEST_CASE("a whole large manifest is written on the pool, so that the loop goes on; a small layer at once") {
  const std::size_t size = GENERATE(std::size_t{256 << 10}, std::size_t{4 << 20});
  const bool is_small = size == small_layer_limit.value;
  Stage stage(size);
  BusyPool busy(stage.loop);
  const auto download = std::make_shared<Download>(Download::Parts{stage.loop, stage.clock, busy.pool()},
                                                   Askers(stage.download->ask(), stage.clock.now()), Download::Attempt{});
  download->begin(*stage.store.reserve_in_memory(stage.digest, {size}));
  std::optional<Result<void>> written;
  spawn(stage.loop, write_into(*download, stage.bytes, written));
  stage.settle();
  CHECK(written.has_value() == is_small);
  CHECK(download->filled() == is_small);
  busy.let_go();
  const auto give_up = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (!written && std::chrono::steady_clock::now() < give_up) {
    stage.loop.restart();
    stage.loop.run_one_for(std::chrono::milliseconds(20));
  }
  REQUIRE(written);
  CHECK(written->has_value());
  CHECK(download->filled());
  CHECK(download->arrival().received().from_holder == size);
}

TEST_CASE("after a failed fsync none of the file's bytes is served any more") {
  Stage stage;
  stage.resume(5);
  stage.write(0);
  const auto readable = [&] {
    std::optional<bool> is_readable;
    spawn(stage.loop, read_into(*stage.download, is_readable));
    stage.settle();
    stage.clock.advance(Milliseconds(20'000));
    stage.settle();
    return is_readable == true;
  };
  CHECK(readable());
  stage.disk.fail(1, EIO);
  CHECK_FALSE(stage.download->arrival().file()->sync());
  CHECK_FALSE(readable());
}

TEST_CASE("a part is there as soon as its own pieces are, whatever is missing before and behind them") {
  Stage stage;
  stage.write(4);
  CHECK_FALSE(stage.download->part_now(3 * 16384, 4 * 16384));
  CHECK(stage.download->part_now(4 * 16384, 5 * 16384)->length() == 16384);
  CHECK(stage.download->part_now(4 * 16384 + 100, 10 * 16384)->length() == 16384 - 100);
  CHECK(stage.download->part_now(4 * 16384 + 100, 4 * 16384 + 150)->length() == 50);
  stage.write(9);  // the last one is withheld only from readers of the whole
  CHECK(stage.download->part_now(10 * 16384 - 1, 10 * 16384)->length() == 1);
}

TEST_CASE("no part is served of a layer whose bytes proved wrong") {
  Stage stage;
  stage.bytes[5] = std::byte{1};
  for (PieceIndex piece = 0; piece < 10; ++piece) stage.write(piece);
  CHECK(stage.download->part_now(0, 10));
  stage.settle();
  CHECK_FALSE(stage.download->part_now(0, 10));
}
