// What a download knows of where its pieces came from.
#include "agent/pull/download.hpp"

#include <catch2/catch.hpp>

#include "tests/doubles/failing_operation.hpp"
#include "tests/doubles/temporary_directory.hpp"

using namespace shoal;
using namespace shoal::agent::pull;

namespace {

Task<void> take_up_into(Download& download, Generation generation, bool& done) {
  const Result<void> taken_up = co_await download.take_up(generation);
  done = taken_up.has_value();
}

Task<void> look_into(Download& download, bool& is_readable) {
  const auto span = co_await download.readable_within(0, Milliseconds(1));
  is_readable = span.has_value();
}

struct Stage {
  Stage() {
    auto reserved = store.reserve(digest, {bytes.size()});
    REQUIRE(reserved);
    download->begin(std::move(*reserved));
  }
  void take_up(Generation generation) {
    bool done = false;
    spawn(loop, take_up_into(*download, generation, done));
    loop.restart();
    loop.run_for(std::chrono::milliseconds(100));
    REQUIRE(done);
  }
  void write(PieceIndex piece) {
    const auto file = download->partial().file();
    PieceHashes hashes(file->layout());
    const auto taken = hashes.take_from_origin(
        piece, ByteView(bytes).subspan(file->layout().offset(piece), file->layout().length(piece)));
    REQUIRE(taken);
    const auto written = file->write(*taken);
    REQUIRE(written);
    download->note(*written, &Received::from_peers);
  }

  TemporaryDirectory directory;
  FailingOperation disk;
  store::Store store{
      {.path = directory.path(), .capacity = 50_MiB, .faults = &disk}};  // outlives what the loop still has
  Loop loop;
  Pool pool{1};
  Bytes bytes = Bytes(10 * 16384);
  Digest digest = digest_of(DigestAlgorithm::sha256, bytes);
  std::shared_ptr<Download> download = std::make_shared<Download>(loop, pool,
                                                                  Ask{.digest = digest,
                                                                      .kind = origin::Kind::blob,
                                                                      .repository = {"reg", "lib"},
                                                                      .size_hint = {},
                                                                      .authorization = {}},
                                                                  1);
};

}  // namespace

TEST_CASE("pieces of one generation are proven in it, and in the next one none is") {
  Stage stage;
  stage.take_up(5);
  stage.write(0);
  stage.take_up(5);
  CHECK(stage.download->proven().held() == 1);
  CHECK(stage.download->unproven().held() == 0);
  CHECK(stage.download->generation() == 5);
  stage.take_up(6);
  stage.write(1);
  CHECK(stage.download->proven().held() == 0);
  CHECK(stage.download->unproven().held() == 2);
  CHECK_FALSE(stage.download->generation());  // nobody can tell whose bytes were wrong if they are
}

TEST_CASE("after a failed fsync nobody is given the file's bytes any more") {
  Stage stage;
  stage.take_up(5);
  stage.write(0);
  const auto readable = [&] {
    bool is_readable = false;
    spawn(stage.loop, look_into(*stage.download, is_readable));
    stage.loop.restart();
    stage.loop.run_for(std::chrono::milliseconds(50));
    return is_readable;
  };
  CHECK(readable());
  stage.disk.fail(1, EIO);
  CHECK_FALSE(stage.download->partial().file()->sync());
  CHECK_FALSE(readable());
}
