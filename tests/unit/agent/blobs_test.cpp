// Blobs as a client sees them: which bytes leave, when, and what becomes of an attempt that went wrong.
#include "agent/registry/blobs.hpp"

#include <cerrno>

#include "tests/doubles/recorded_exchange.hpp"
#include "tests/unit/agent/pulling_node.hpp"

using namespace shoal;
using namespace shoal::agent;

namespace {

const Bytes content = numbered_bytes(10'000);  // one piece: no byte of it leaves before the digest has matched

Task<void> answer(registry::Blobs& blobs, RecordedExchange& exchange, Digest digest, bool& done) {
  registry::BlobRoute route{{"reg", "lib/app"}, digest};
  co_await blobs.answer(exchange, std::move(route));
  done = true;
}

struct Fixture {
  explicit Fixture(registry::ServeOptions options = {}) : blobs(node.parts, node.pulls, images, options) {}

  // The handler runs as far as it can now.
  bool ask(RecordedExchange& exchange) {
    bool done = false;
    spawn(node.loop, answer(blobs, exchange, digest, done));
    node.settle();
    return done;
  }

  PullingNode node;
  registry::Metrics metrics;
  registry::ImagePulls images{node.loop, node.clock, metrics};
  registry::Blobs blobs;
  Digest digest = node.origin.add(content);
};

RecordedExchange get(http::Headers headers = {}) {
  return RecordedExchange({.method = "GET", .path = "/", .query = {}, .headers = std::move(headers), .client = {}});
}

registry::ServeOptions whole() {
  registry::ServeOptions options;
  options.mode = registry::ServeMode::whole;
  return options;
}

Bytes part(std::size_t first, std::size_t end) {
  return Bytes(content.begin() + static_cast<std::ptrdiff_t>(first), content.begin() + static_cast<std::ptrdiff_t>(end));
}

}  // namespace

TEST_CASE("a blob is served whole, or the part that a range names") {
  Fixture f;
  auto all = get();
  CHECK(f.ask(all));
  CHECK(all.head->status == 200);
  CHECK(all.head->length == content.size());
  CHECK((all.body == content));
  auto some = get({{"Range", "bytes=10-19"}});
  CHECK(f.ask(some));
  CHECK(some.head->status == 206);
  CHECK(some.body == part(10, 20));
  CHECK_FALSE(some.send_buffer);
}

TEST_CASE("several ranges of a blob come as multipart/byteranges of the length that the head says") {
  Fixture f;
  for (const bool held : {false, true}) {
    auto some = get({{"Range", "bytes=10-19,5000-5004,-3"}});
    CHECK(f.ask(some));
    CHECK(some.head->status == 206);
    CHECK_FALSE(http::find_header(some.head->headers, "Content-Range"));
    const std::string type = *http::find_header(some.head->headers, "Content-Type");
    REQUIRE_THAT(type, Catch::StartsWith("multipart/byteranges; boundary="));
    const registry::Multipart frame(type.substr(type.find('=') + 1), "application/octet-stream", content.size());
    std::string expected;
    for (const registry::Span span : {registry::Span{10, 20}, {5'000, 5'005}, {9'997, 10'000}})
      expected += frame.head_of(span) + std::string(text_of(part(span.first, span.end)));
    expected += frame.end();
    CHECK(std::string(text_of(some.body)) == expected);
    CHECK(some.head->length == expected.size());
    CHECK(f.node.store.holds(f.digest));
    CAPTURE(held);
  }
}

TEST_CASE("several ranges of which one is left are one plain range") {
  Fixture f;
  auto some = get({{"Range", "bytes=10-19,15-29,20000-"}});
  CHECK(f.ask(some));
  CHECK(some.head->status == 206);
  CHECK(http::find_header(some.head->headers, "Content-Range") == "bytes 10-29/10000");
  CHECK((some.body == part(10, 30)));
}

TEST_CASE("the answer to an open-ended range runs little ahead of its client") {
  Fixture f;
  auto exchange = get({{"Range", "bytes=9000-"}});
  CHECK(f.ask(exchange));
  CHECK(exchange.head->status == 206);
  CHECK((exchange.body == part(9'000, 10'000)));
  CHECK(exchange.send_buffer == 256_KiB);
}

TEST_CASE("a range behind the end of a blob is refused with its size") {
  Fixture f;
  auto exchange = get({{"Range", "bytes=10000-"}});
  CHECK(f.ask(exchange));
  CHECK(exchange.head->status == 416);
  CHECK(http::find_header(exchange.head->headers, "Content-Range") == "bytes */10000");
  CHECK(exchange.body.empty());
}

TEST_CASE("a client that has no byte of a wrong first attempt gets the second one, also when its size is another") {
  for (const registry::ServeOptions& options : {registry::ServeOptions{}, whole()}) {
    for (const std::size_t wrong_size : {content.size(), content.size() / 2, std::size_t{10}}) {
      CAPTURE(wrong_size, options.mode == registry::ServeMode::whole);
      Fixture f(options);
      f.node.origin.next_bodies({numbered_bytes(wrong_size, 2)});
      auto exchange = get();
      CHECK(f.ask(exchange));
      CHECK(f.node.origin.opened == 2);
      CHECK(exchange.head->status == 200);
      CHECK(exchange.head->length == content.size());
      CHECK((exchange.body == content));
    }
  }
}

TEST_CASE("a client that has bytes of a wrong first attempt does not get a complete answer") {
  Fixture f;
  const Bytes large = numbered_bytes(100'000);
  f.digest = f.node.origin.add(large);
  f.node.origin.next_bodies({numbered_bytes(large.size(), 2)});
  auto exchange = get();
  CHECK(f.ask(exchange));
  CHECK(exchange.head->length == large.size());
  CHECK_FALSE(exchange.body.empty());
  CHECK(exchange.body.size() < large.size());
}

TEST_CASE("a range is chosen anew when the second attempt has another size") {
  Fixture f;
  f.node.origin.next_bodies({numbered_bytes(12'000, 2)});
  auto exchange = get({{"Range", "bytes=-1000"}});
  CHECK(f.ask(exchange));
  CHECK(exchange.head->status == 206);
  CHECK(http::find_header(exchange.head->headers, "Content-Range") == "bytes 9000-9999/10000");
  CHECK((exchange.body == part(9'000, 10'000)));
}

TEST_CASE("when both attempts are wrong the client gets an error and no byte") {
  Fixture f;
  f.node.origin.next_bodies({numbered_bytes(content.size(), 2), numbered_bytes(content.size(), 3)});
  auto exchange = get();
  CHECK(f.ask(exchange));
  CHECK(exchange.head->status == 503);
  CHECK_FALSE(f.node.store.holds(f.digest));
}

TEST_CASE("a blob that the origin does not have is answered with its OCI error") {
  Fixture f;
  f.digest = digest_of(DigestAlgorithm::sha256, numbered_bytes(5, 5));
  auto exchange = get();
  CHECK(f.ask(exchange));
  CHECK(exchange.head->status == 404);
  CHECK_THAT(std::string(text_of(exchange.body)), Catch::Contains("BLOB_UNKNOWN"));
}

TEST_CASE("a blob that there is no room for is passed through, unless it must be verified before it is served") {
  const Bytes large(65 << 20);  // more than the store has, and more than is kept in memory
  for (const registry::ServeOptions& options : {registry::ServeOptions{}, whole()}) {
    Fixture f(options);
    f.digest = f.node.origin.add(large);
    auto exchange = get();
    CHECK(f.ask(exchange));
    if (options.mode == registry::ServeMode::stream) {
      CHECK(exchange.head->status == 200);
      CHECK((exchange.body == large));
    } else {
      CHECK(exchange.head->status == 503);
    }
  }
}

TEST_CASE("the download goes on when its client goes away") {
  Fixture f;
  auto exchange = get();
  exchange.is_gone = true;
  CHECK(f.ask(exchange));
  CHECK(exchange.body.empty());
  CHECK(f.node.store.holds(f.digest));
}
