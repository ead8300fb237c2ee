// Readers of parts, as snapshotters and partial pulls are: what they get, and what the origin is asked for it.
#include <deque>

#include "agent/registry/blobs.hpp"
#include "tests/doubles/recorded_exchange.hpp"
#include "tests/unit/agent/pulling_node.hpp"

using namespace shoal;
using namespace shoal::agent;

namespace {

using Parts = std::vector<std::pair<std::uint64_t, std::uint64_t>>;

constexpr std::size_t size = 2'000'000;

Task<void> answer(registry::Blobs& blobs, RecordedExchange& exchange, Digest digest, bool& done) {
  registry::BlobRoute route{{"reg", "lib/app"}, digest};
  co_await blobs.answer(exchange, std::move(route));
  done = true;
}

registry::ServeOptions whole_layers_only() {
  registry::ServeOptions options;
  options.mode = registry::ServeMode::whole;
  return options;
}

struct Fixture {
  explicit Fixture(registry::ServeOptions options = {}, std::size_t layer_size = size,
                   PullingNode::Room room = {50_MiB, {}})
      : node({}, {}, http::connect_websocket, room),
        content(numbered_bytes(layer_size)),
        digest(node.origin.add(content)),
        blobs(node.parts, node.pulls, images, options) {}

  // As far as it goes now.
  RecordedExchange& ask(const std::string& range, const std::string& method = "GET", Signal* reader = nullptr) {
    exchanges.emplace_back(http::Request{.method = method,
                                         .path = "/",
                                         .query = {},
                                         .headers = {{"Range", range}, {"Authorization", "Bearer mine"}},
                                         .client = {}});
    exchanges.back().reader = reader;
    done.push_back(false);
    spawn(node.loop, answer(blobs, exchanges.back(), digest, done.back()));
    node.settle();
    return exchanges.back();
  }
  Bytes part(std::size_t first, std::size_t end) const {
    return Bytes(content.begin() + static_cast<std::ptrdiff_t>(first),
                 content.begin() + static_cast<std::ptrdiff_t>(end));
  }
  void is_part(const RecordedExchange& exchange, std::size_t first, std::size_t end) const {
    REQUIRE(exchange.head);
    CHECK(exchange.head->status == 206);
    CHECK(exchange.head->length == end - first);
    CHECK((exchange.body == part(first, end)));
  }

  PullingNode node;
  Bytes content;
  Digest digest;
  registry::Metrics metrics;
  registry::ImagePulls images{node.loop, node.clock, metrics};
  registry::Blobs blobs;
  std::deque<RecordedExchange> exchanges;
  std::deque<bool> done;
};

}  // namespace

TEST_CASE("a part of a layer that nobody has comes by Range with the caller's credential, and nothing fetches the rest") {
  Fixture f;
  const auto& probe = f.ask("bytes=0-1");
  f.is_part(probe, 0, 2);
  CHECK(http::find_header(probe.head->headers, "Content-Range") == "bytes 0-1/2000000");
  CHECK(f.node.origin.last_authorization == "Bearer mine");
  CHECK(f.ask("", "HEAD").head->length == size);
  f.is_part(f.ask("bytes=1000000-1065535"), 1'000'000, 1'065'536);
  f.is_part(f.ask("bytes=-100"), size - 100, size);
  CHECK(f.node.origin.parts == Parts{{0, 2}, {1'000'000, 1'065'536}, {size - 100, size}});
  CHECK(f.node.origin.opened == 0);
  CHECK(f.node.origin.sizes_asked == 0);  // the first part has named the size
  CHECK(f.node.metrics.parts.bytes.value() == 2 + 65'536 + 100);
}

TEST_CASE("several parts of a layer that nobody has are asked for one by one, and come in one answer") {
  Fixture f;
  const auto& some = f.ask("bytes=10-19,1000000-1000004");
  REQUIRE(some.head);
  CHECK(some.head->status == 206);
  CHECK(some.head->length == some.body.size());
  CHECK_THAT(std::string(text_of(some.body)), Catch::Contains("Content-Range: bytes 1000000-1000004/2000000"));
  CHECK(f.node.origin.parts == Parts{{10, 20}, {1'000'000, 1'000'005}});
  CHECK(f.node.origin.sizes_asked == 1);
  CHECK(f.node.origin.opened == 0);
}

TEST_CASE("a part past the end of a layer that nobody has is refused with its size") {
  Fixture f;
  f.ask("bytes=0-1");
  const auto& past = f.ask("bytes=2000000-2000001");
  CHECK(past.head->status == 416);
  CHECK(http::find_header(past.head->headers, "Content-Range") == "bytes */2000000");
  CHECK(f.node.origin.opened == 0);
}

TEST_CASE("once a quarter of a layer was read in parts it is fetched, once, and its parts come from there") {
  Fixture f;
  for (std::size_t first = 0; first < 480'000; first += 60'000)
    f.ask("bytes=" + std::to_string(first) + "-" + std::to_string(first + 59'999));
  CHECK(f.node.origin.parts.size() == 8);
  CHECK(f.node.origin.opened == 0);
  f.is_part(f.ask("bytes=900000-959999"), 900'000, 960'000);
  f.is_part(f.ask("bytes=960000-1019999"), 960'000, 1'020'000);
  CHECK(f.node.origin.parts.size() == 8);
  CHECK(f.node.origin.opened == 1);
  CHECK(f.node.store.holds(f.digest));
}

TEST_CASE("a client that begins with a long part from 0 reads the layer in chunks: one fetch, no part by Range") {
  Fixture f;
  f.is_part(f.ask("bytes=0-1048575"), 0, 1'048'576);
  f.is_part(f.ask("bytes=1048576-1999999"), 1'048'576, size);
  CHECK(f.node.origin.parts.empty());
  CHECK(f.node.origin.opened == 1);
}

TEST_CASE("a long part from 0 that comes later, as stargz prefetches, is a part like others") {
  registry::ServeOptions options;
  options.lazy.percent = 60;
  Fixture f(options);
  f.ask("bytes=0-1");
  f.is_part(f.ask("bytes=0-1048575"), 0, 1'048'576);
  CHECK(f.node.origin.parts.size() == 2);
  CHECK(f.node.origin.opened == 0);
}

TEST_CASE("a part of a layer that arrives too slowly comes by Range after a second") {
  registry::ServeOptions options;
  options.lazy.percent = 0;
  Fixture f(options);
  f.node.origin.hold();
  auto& part = f.ask("bytes=1000-1999");
  CHECK_FALSE(part.head);
  CHECK(f.node.origin.opened == 1);
  f.node.clock.advance(Milliseconds(999));
  f.node.settle();
  CHECK(f.node.origin.parts.empty());
  f.node.clock.advance(Milliseconds(1));
  f.node.settle();
  CHECK(f.node.origin.parts == Parts{{1'000, 2'000}});
  f.node.origin.go_on();
  f.node.settle();
  f.is_part(part, 1'000, 2'000);
}

TEST_CASE("an origin that makes nothing of Range is asked once, and the layer is fetched for its parts") {
  Fixture f;
  f.node.origin.ignores_ranges = true;
  f.is_part(f.ask("bytes=0-1"), 0, 2);
  f.is_part(f.ask("bytes=1000-1999"), 1'000, 2'000);
  CHECK(f.node.origin.parts.size() == 1);
  CHECK(f.node.origin.opened == 1);
  CHECK(f.node.metrics.parts.failed.value() == 1);
}

TEST_CASE("a part that the origin does not give comes from the layer, which the cluster may have") {
  Fixture f;
  f.node.origin.fails_parts = true;
  f.is_part(f.ask("bytes=1000-1999"), 1'000, 2'000);
  CHECK(f.node.origin.opened == 1);
}

TEST_CASE("a part of a layer that nobody can deliver is answered with the error") {
  Fixture f;
  f.digest = digest_of(DigestAlgorithm::sha256, numbered_bytes(5, 5));
  const auto& part = f.ask("bytes=1000-1999");
  REQUIRE(part.head);
  CHECK(part.head->status == 404);
}

TEST_CASE("parts of a layer that there is no room for come from its window") {
  registry::ServeOptions options;
  options.lazy.percent = 0;
  Fixture f(options, 65 << 20);  // more than the store has, and more than is kept in memory
  f.is_part(f.ask("bytes=1000-1999"), 1'000, 2'000);
  const auto pulls = f.node.metrics.pulls.value();
  f.is_part(f.ask("bytes=5000-5999"), 5'000, 6'000);
  CHECK(f.node.origin.parts.empty());
  CHECK(f.node.origin.opened == 1);
  CHECK(f.node.metrics.pulls.value() == pulls);
}

TEST_CASE("a part of a layer that passes through a window of memory comes by Range, not from where the window has been") {
  Fixture f({}, size, {.capacity = {10}, .memory = {.largest = 256_KiB, .all = 512_KiB}});
  Signal reader(f.node.loop);
  f.node.origin.step = 40'000;
  auto& whole = f.ask("", "GET", &reader);
  while (whole.body.size() < size / 2) {
    const std::size_t before = whole.body.size();
    reader.notify();
    f.node.settle();
    REQUIRE(whole.body.size() > before);
  }
  f.is_part(f.ask("bytes=1000-1999"), 1'000, 2'000);
  CHECK(f.node.origin.parts == Parts{{1'000, 2'000}});
}

TEST_CASE("a part of a small layer is answered from the whole layer, verified") {
  Fixture f({}, 100'000);
  f.is_part(f.ask("bytes=-1000"), 99'000, 100'000);
  CHECK(f.node.origin.parts.empty());
  CHECK(f.node.store.holds(f.digest));
}

TEST_CASE("where no byte may leave before the digest has matched, a part waits for the layer") {
  Fixture f(whole_layers_only());
  f.node.origin.hold();
  auto& part = f.ask("bytes=0-1");
  CHECK(part.body.empty());
  CHECK(f.node.origin.parts.empty());
  f.node.origin.go_on();
  f.node.settle();
  f.is_part(part, 0, 2);
}

TEST_CASE("a reader of the whole, or to the end, is no reader of parts") {
  for (const char* range : {"", "bytes=0-", "bytes=5-", "bytes=0-1999999", "bytes=0-1,5-"}) {
    CAPTURE(range);
    Fixture f;
    CHECK(f.ask(range).head->length > size / 2);
    CHECK(f.node.origin.parts.empty());
    CHECK(f.node.origin.opened == 1);
  }
}

TEST_CASE("no more parts are opened at the origin at once than their limit, and further ones wait for a turn") {
  registry::ServeOptions options;
  options.lazy.at_once = 2;
  Fixture f(options);
  f.node.origin.hold();
  for (const char* range : {"bytes=0-9", "bytes=10-19", "bytes=20-29"}) f.ask(range);
  CHECK(f.node.origin.parts.size() == 2);
  f.node.origin.go_on();
  f.node.settle();
  f.node.clock.advance(Milliseconds(20));
  f.node.settle();
  CHECK(f.node.origin.parts.size() == 3);
  for (std::size_t i = 0; i < 3; ++i) f.is_part(f.exchanges[i], 10 * i, 10 * i + 10);
}

TEST_CASE("the size that the origin named with a part is remembered for its repository, however many layers are read") {
  registry::ServeOptions options;
  options.lazy.layers = 1;
  Fixture f(options);
  f.ask("bytes=0-1");
  const Digest first = std::exchange(f.digest, f.node.origin.add(numbered_bytes(size, 9)));
  f.ask("bytes=0-1");
  f.digest = first;
  f.ask("", "HEAD");
  CHECK(f.node.origin.sizes_asked == 0);
}

TEST_CASE("of the layers that were read in parts the ones read last are remembered") {
  Fixture f;
  const bool remembers_both = GENERATE(true, false);
  pull::LazyReads lazy(f.node.parts, {.layers = remembers_both ? 2U : 1U});
  const pull::Ask first{f.digest, origin::Kind::blob, {"reg", "lib/app"}, {}, {}};
  const pull::Ask second{f.node.origin.add(numbered_bytes(size, 9)), origin::Kind::blob, {"reg", "lib/app"}, {}, {}};
  const auto choose = [&](const pull::Ask& ask) { return lazy.choose(ask, ByteCount{size}, 1, size / 2); };
  CHECK(choose(first) == pull::LazyReads::Source::layer);
  lazy.note_failed_fetch(first);
  CHECK(choose(second) == pull::LazyReads::Source::layer);
  CHECK(choose(first) == (remembers_both ? pull::LazyReads::Source::origin : pull::LazyReads::Source::layer));
}
