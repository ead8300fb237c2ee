// Manifests by their digest: what a source or a disk does wrong, no client sees.
#include "agent/registry/manifests.hpp"

#include <cerrno>

#include "tests/unit/agent/busy_pool.hpp"
#include "tests/unit/agent/pulling_node.hpp"

using namespace shoal;
using namespace shoal::agent;

namespace {

const Bytes manifest_bytes = copy_of(bytes_of(R"({"schemaVersion":2,"layers":[]})"));

Task<void> ask(registry::Manifests& manifests, Digest digest, std::optional<Result<registry::ManifestAnswer>>& answer) {
  registry::ManifestQuestion question{
      .route = {.repository = {"reg", "lib/app"}, .tag = {}, .digest = digest}, .accept = {}, .authorization = {}};
  auto given = co_await manifests.answer(std::move(question));
  answer = std::move(given);
}

struct Fixture {
  Result<Bytes> get(const Digest& which) {
    std::optional<Result<registry::ManifestAnswer>> answer;
    spawn(node.loop, ask(manifests, which, answer));
    node.settle();
    REQUIRE(answer);
    if (!*answer) return tl::unexpected(answer->error());
    const auto& manifest = std::get<registry::Manifest>(**answer);
    CHECK(manifest.size_bytes == manifest.body.size());
    return manifest.body;
  }

  PullingNode node;
  Digest digest = node.origin.add(manifest_bytes);
  registry::Manifests manifests{node.parts, node.pulls, Milliseconds(0)};
};

}  // namespace

TEST_CASE("a manifest whose source says that it is empty is asked for again, not handed out") {
  Fixture f;
  f.node.origin.next_bodies({Bytes()});
  CHECK(f.get(f.digest).value() == manifest_bytes);
  CHECK(f.node.origin.opened == 2);
}

TEST_CASE("a manifest whose source says twice that it is empty is corrupt") {
  Fixture f;
  f.node.origin.next_bodies({Bytes(), Bytes()});
  const auto got = f.get(f.digest);
  REQUIRE_FALSE(got);
  CHECK(got.error().kind == ErrorKind::corrupt);
  CHECK(f.node.store.digests().empty());
}

TEST_CASE("a manifest that is empty by its digest is handed out so") {
  Fixture f;
  const Digest empty = f.node.origin.add(Bytes());
  CHECK(f.get(empty).value().empty());
  CHECK(f.node.origin.opened == 1);
}

TEST_CASE("whichever operation fails while a held manifest is read, the client gets it, and it is held") {
  int n = 0;
  std::string failed;
  do {
    Fixture f;
    REQUIRE(f.get(f.digest));
    f.node.disk.fail(++n, EIO);
    const auto got = f.get(f.digest);
    failed = f.node.disk.failed();
    f.node.disk.stop();
    CAPTURE(n, failed);
    REQUIRE(got);
    CHECK(*got == manifest_bytes);
    CHECK(f.node.origin.opened == (failed.empty() ? 1 : 2));
    CHECK(f.node.store.holds(f.digest));
    CHECK(holds_no_wrong_bytes(f.node.store, f.digest));
    CHECK(f.node.store.used().value == manifest_bytes.size());
  } while (!failed.empty());
  CHECK(n == 5);  // the data file, the side file, its bytes, the manifest's, and once nothing
}

namespace {

const Bytes large_manifest = copy_of(bytes_of("{\"schemaVersion\":2" + std::string(100'000, ' ') + "}"));

pull::Parts with_pool(const pull::Parts& p, Pool& pool) {
  return {p.loop, p.clock, pool, p.commits, p.store, p.swarm, p.origin, p.trackers, p.metrics, p.access};
}

Task<void> ask_tag(registry::Manifests& manifests, std::optional<Result<registry::ManifestAnswer>>& answer) {
  registry::ManifestQuestion question{
      .route = {.repository = {"reg", "lib/app"}, .tag = "v1", .digest = {}}, .accept = {}, .authorization = {}};
  auto given = co_await manifests.answer(std::move(question));
  answer = std::move(given);
}

}  // namespace

TEST_CASE("a large manifest is read on the pool, so that the loop goes on; a small one is read at once") {
  PullingNode node;
  BusyPool busy(node.loop);
  registry::Manifests manifests(with_pool(node.parts, busy.pool()), node.pulls, Milliseconds(0));
  const Digest small = node.origin.add(manifest_bytes);
  const Digest large = node.origin.add(large_manifest);
  std::optional<Result<registry::ManifestAnswer>> of_small;
  std::optional<Result<registry::ManifestAnswer>> of_large;
  spawn(node.loop, ask(manifests, large, of_large));
  spawn(node.loop, ask(manifests, small, of_small));
  node.settle();
  CHECK(of_small);
  CHECK_FALSE(of_large);
  busy.let_go();
  node.run_until([&] { return of_large.has_value(); });
  CHECK(of_large->has_value());
}

TEST_CASE("a large manifest that comes with its tag is hashed on the pool, a small one at once") {
  PullingNode node;
  BusyPool busy(node.loop);
  registry::Manifests manifests(with_pool(node.parts, busy.pool()), node.pulls, Milliseconds(0));
  std::optional<Result<registry::ManifestAnswer>> answer;
  SECTION("small") {
    node.origin.tagged = manifest_bytes;
    spawn(node.loop, ask_tag(manifests, answer));
    node.settle();
    CHECK(answer);
    busy.let_go();
  }
  SECTION("large") {
    node.origin.tagged = large_manifest;
    spawn(node.loop, ask_tag(manifests, answer));
    node.settle();
    CHECK_FALSE(answer);
    busy.let_go();
    node.run_until([&] { return answer.has_value(); });
  }
  REQUIRE(answer->has_value());
  const auto& manifest = std::get<registry::Manifest>(**answer);
  CHECK(manifest.body == node.origin.tagged);
  CHECK(manifest.digest == digest_of(DigestAlgorithm::sha256, node.origin.tagged));
  node.settle();
  CHECK(node.store.holds(manifest.digest));
}

TEST_CASE("what a manifest points to is known once it was asked for") {
  Fixture f;
  const std::string layer = "sha256:" + std::string(64, 'a');
  const std::string text = R"({"layers":[{"digest":")" + layer + R"(","size":7}]})";
  REQUIRE(f.get(f.node.origin.add(copy_of(bytes_of(text)))));
  CHECK(f.node.access.size_of({"reg", "lib/app"}, Digest::parse(layer).value(), origin::Kind::blob) == ByteCount{7});
}

TEST_CASE("a blob of nested JSON that is asked for as a manifest is handed out like any other bytes") {
  Fixture f;
  const std::string bomb = R"({"x":)" + std::string(1'000'000, '[') + std::string(1'000'000, ']') + "}";
  CHECK(f.get(f.node.origin.add(copy_of(bytes_of(bomb)))).value() == copy_of(bytes_of(bomb)));
}
