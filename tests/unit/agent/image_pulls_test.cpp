// One line for each image that a runtime pulls, and the bytes that it got.
#include "agent/registry/image_pulls.hpp"

#include <catch2/catch.hpp>

#include "tests/doubles/layer_bytes.hpp"

using namespace shoal;
using namespace shoal::agent;

namespace {

Digest digest_number(unsigned number) {
  return digest_of(DigestAlgorithm::sha256, numbered_bytes(8, static_cast<int>(number)));
}

pull::SourceBytes bytes_from(pull::Source source, std::uint64_t count) {
  pull::SourceBytes bytes;
  bytes.of(source) = count;
  return bytes;
}

struct Fixture {
  void settle() {
    loop.restart();
    loop.poll();
  }
  void wait(Milliseconds time) {
    for (Milliseconds passed{0}; passed < time; passed += Milliseconds(500)) {
      clock.advance(Milliseconds(500));
      settle();
    }
  }
  void see(unsigned digest, std::vector<Digest> names = {}, bool by_tag = false) {
    images.see({.image = "reg/app",
                .by_tag = by_tag,
                .digest = digest_number(digest),
                .client = "test",
                .asked = clock.now(),
                .names = std::move(names)});
    settle();
  }

  Loop loop;
  ManualClock clock{loop};
  registry::Metrics metrics;
  registry::ImagePulls images{loop, clock, metrics};
};

}  // namespace

TEST_CASE("an image is told once nothing of it was asked for 5 s") {
  Fixture f;
  f.see(1, {digest_number(2)});
  CHECK(f.images.open() == 1);
  f.wait(Milliseconds(4'000));
  const auto number = f.images.begin_blob(digest_number(2));
  CHECK(number != 0);
  f.wait(Milliseconds(30'000));  // it is still being sent
  CHECK(f.images.open() == 1);
  f.images.serve(digest_number(2), bytes_from(pull::Source::peer, 10));
  f.images.end_blob(number, false);
  f.wait(Milliseconds(4'000));
  CHECK(f.images.open() == 1);
  f.wait(Milliseconds(2'000));
  CHECK(f.images.open() == 0);
  CHECK(f.images.begin_blob(digest_number(2)) == 0);
}

TEST_CASE("an index, its manifest and their layers are one image") {
  Fixture f;
  f.see(1, {digest_number(2), digest_number(3)}, true);
  f.see(2, {digest_number(4)});
  CHECK(f.images.open() == 1);
  const auto number = f.images.begin_blob(digest_number(4));
  CHECK(number != 0);
  CHECK(f.images.begin_blob(digest_number(5)) == 0);  // of no image
  f.see(6);
  CHECK(f.images.open() == 2);
}

TEST_CASE("bytes count by their source, whether an image is known or not") {
  Fixture f;
  f.images.serve(digest_number(9), bytes_from(pull::Source::passed_through, 7));
  f.images.serve(digest_number(9), bytes_from(pull::Source::store, 5));
  f.images.serve(digest_number(9), bytes_from(pull::Source::store, 1));
  const auto served = [&](pull::Source source) {
    return f.metrics.served_bytes.at(static_cast<std::size_t>(source)).value();
  };
  CHECK(served(pull::Source::passed_through) == 7);
  CHECK(served(pull::Source::store) == 6);
  CHECK(served(pull::Source::peer) == 0);
}

TEST_CASE("a request that outlives the image that began it harms no other") {
  Fixture f;
  f.see(1, {digest_number(2)});
  const auto first = f.images.begin_blob(digest_number(2));
  f.see(3, {digest_number(2)});  // names the same layer
  const auto second = f.images.begin_blob(digest_number(2));
  CHECK(first != second);
  f.images.end_blob(first, false);
  f.images.end_blob(second, true);
  f.wait(Milliseconds(7'000));
  CHECK(f.images.open() == 0);
  f.images.end_blob(first, false);
}

TEST_CASE("the oldest image is told when there are too many at once") {
  Fixture f;
  for (unsigned i = 0; i < 100; ++i) f.see(i);
  CHECK(f.images.open() == 64);
  CHECK(f.images.begin_blob(digest_number(0)) == 0);
  CHECK(f.images.begin_blob(digest_number(99)) != 0);
}

TEST_CASE("of a manifest that names thousands only some are followed") {
  Fixture f;
  std::vector<Digest> names;
  for (unsigned i = 10; i < 1'000; ++i) names.push_back(digest_number(i));
  f.see(1, names);
  CHECK(f.images.begin_blob(digest_number(10)) != 0);
  CHECK(f.images.begin_blob(digest_number(999)) == 0);
}
