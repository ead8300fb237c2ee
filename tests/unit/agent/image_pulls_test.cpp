// One line for each image that a runtime pulls, and the bytes that it got.
#include "agent/registry/image_pulls.hpp"

#include <catch2/catch.hpp>
#include <fstream>
#include <iterator>

#include "tests/doubles/layer_bytes.hpp"
#include "tests/doubles/temporary_directory.hpp"

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

activity::Caller caller_with(const std::string& credential) {
  const activity::By by = credential.empty() ? activity::By::anonymous : activity::By::credential;
  return {.client = "test", .address = "127.0.0.1", .authority = {by, credential}};
}

// A request, of which only its identity counts here.
class Asked final : public http::Exchange {
 public:
  const http::Request& request() const override { return request_; }
  void limit_send_buffer(ByteCount) override {}
  Task<void> respond(http::Response) override { co_return; }
  Task<Result<void>> start(http::Response) override { co_return Result<void>(); }
  Task<Result<void>> send(http::FileSpan) override { co_return Result<void>(); }
  Task<Result<void>> send(Bytes) override { co_return Result<void>(); }
  std::uint64_t sent_bytes() const override { return 0; }
  Task<Result<std::unique_ptr<http::WebSocket>>> upgrade(std::string) override {
    co_return fail(ErrorKind::refused, "no WebSocket");
  }

 private:
  http::Request request_;
};

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
  registry::ImagePulls::Number see(unsigned digest, std::vector<Digest> names = {}, const std::string& credential = {}) {
    const auto number = images.see({.repository = "reg/app",
                                    .image = "reg/app:v1",
                                    .by_tag = true,
                                    .digest = digest_number(digest),
                                    .caller = caller_with(credential),
                                    .asked = clock.now(),
                                    .names = std::move(names)});
    settle();
    return number;
  }
  registry::ImagePulls::Number begin(const Asked& asked, unsigned digest, const std::string& credential = {}) {
    const auto number = images.begin_blob(asked, {.repository = "reg/app",
                                                  .digest = digest_number(digest),
                                                  .caller = caller_with(credential),
                                                  .asked = clock.now()});
    settle();
    return number;
  }
  std::string told() {
    std::ifstream file(directory.path() + "/activity.log");
    return {std::istreambuf_iterator<char>(file), {}};
  }
  // How often the text stands in the activity log, once its thread has written.
  std::size_t count(const std::string& text) {
    images.tell_all();
    activity.reset();
    const std::string all = told();
    std::size_t found = 0;
    for (auto at = all.find(text); at != std::string::npos; at = all.find(text, at + 1)) ++found;
    return found;
  }

  TemporaryDirectory directory;
  Loop loop;
  ManualClock clock{loop};
  registry::Metrics metrics;
  std::optional<activity::Activity> activity{
      std::in_place, loop, clock, activity::Options{directory.path() + "/activity.log", "text", "n1"},
      [] { return std::chrono::milliseconds(1'000'000); }};
  registry::ImagePulls images{loop, clock, metrics, &*activity};
};

}  // namespace

TEST_CASE("an image is told once nothing of it was asked for 5 s") {
  Fixture f;
  const auto image = f.see(1, {digest_number(2)});
  CHECK(f.images.open() == 1);
  f.wait(Milliseconds(4'000));
  const Asked blob;
  CHECK(f.begin(blob, 2) == image);
  f.wait(Milliseconds(30'000));  // it is still being sent
  CHECK(f.images.open() == 1);
  f.images.serve(blob, bytes_from(pull::Source::peer, 10));
  f.images.end_blob(blob, 200);
  f.wait(Milliseconds(4'000));
  CHECK(f.images.open() == 1);
  f.wait(Milliseconds(2'000));
  CHECK(f.images.open() == 0);
  CHECK(f.count(" kind=image image=reg/app:v1 ") == 1);
}

TEST_CASE("an index, its manifest and their layers are one image") {
  Fixture f;
  const auto image = f.see(1, {digest_number(2), digest_number(3)});
  CHECK(f.see(2, {digest_number(4)}) == image);
  CHECK(f.images.open() == 1);
  const Asked blob;
  CHECK(f.begin(blob, 4) == image);
  CHECK(f.see(6) != image);
  CHECK(f.images.open() == 2);
}

TEST_CASE("bytes count by their source, whether a request is known or not") {
  Fixture f;
  const Asked unknown;
  f.images.serve(unknown, bytes_from(pull::Source::passed_through, 7));
  f.images.serve(unknown, bytes_from(pull::Source::store, 5));
  f.images.serve(f.see(1), bytes_from(pull::Source::store, 1));
  const auto served = [&](pull::Source source) {
    return f.metrics.served_bytes.at(static_cast<std::size_t>(source)).value();
  };
  CHECK(served(pull::Source::passed_through) == 7);
  CHECK(served(pull::Source::store) == 6);
  CHECK(served(pull::Source::peer) == 0);
  CHECK(f.count(" bytes=1 from_store_bytes=1 ") == 1);
}

TEST_CASE("a layer of several images counts for the one whose manifest was read last, and harms no other") {
  Fixture f;
  const auto one = f.see(1, {digest_number(2)});
  const Asked first;
  CHECK(f.begin(first, 2) == one);
  const auto other = f.see(3, {digest_number(2)});
  const Asked second;
  CHECK(f.begin(second, 2) == other);
  CHECK(f.see(1) == one);
  const Asked third;
  CHECK(f.begin(third, 2) == one);
  f.images.end_blob(first, 200);
  f.images.end_blob(second, 503);
  f.images.end_blob(third, 200);
  f.wait(Milliseconds(7'000));
  CHECK(f.images.open() == 0);
  f.images.end_blob(first, 200);
}

TEST_CASE("callers with other credentials have pulls of their own") {
  Fixture f;
  const auto anonymous = f.see(1, {digest_number(2)});
  const auto with_credential = f.see(1, {digest_number(2)}, "0123456789abcdef");
  CHECK(anonymous != with_credential);
  const Asked blob;
  CHECK(f.begin(blob, 2, "0123456789abcdef") == with_credential);
  f.images.end_blob(blob, 200);
  CHECK(f.count(" authority=credential credential=0123456789abcdef ") == 1);
}

TEST_CASE("a layer that no manifest named is a pull of its own, once, whatever its number of parts") {
  Fixture f;
  for (int i = 0; i < 3; ++i) {
    const Asked part;
    f.begin(part, 9);
    f.images.serve(part, bytes_from(pull::Source::origin, 100));
    f.images.end_blob(part, 206);
    f.wait(Milliseconds(30'000));
  }
  CHECK(f.images.open() == 1);
  f.wait(Milliseconds(35'000));
  CHECK(f.images.open() == 0);
  CHECK(f.count(" kind=layer image=reg/app digest=" + digest_number(9).text() + " ") == 1);
  CHECK(f.told().find(" requests=3 failed_requests=0 bytes=300 ") != std::string::npos);
}

TEST_CASE("a layer that was asked for alone and refused is no pull") {
  Fixture f;
  const Asked blob;
  f.begin(blob, 9);
  f.images.end_blob(blob, 401);
  CHECK(f.images.open() == 0);
  CHECK(f.count("event=pull") == 0);
}

TEST_CASE("however many layers are refused, one watcher tells each pull once") {
  Fixture f;
  for (int i = 0; i < 100; ++i) {
    const Asked blob;
    f.begin(blob, 9);
    f.images.end_blob(blob, 404);
  }
  f.see(1);
  f.wait(Milliseconds(7'000));
  CHECK(f.images.open() == 0);
  CHECK(f.count("event=pull") == 1);
}

TEST_CASE("a pull that never ends is told every ten minutes, each byte once") {
  Fixture f;
  const Asked blob;
  f.see(1, {digest_number(2)});
  f.begin(blob, 2);
  f.images.serve(blob, bytes_from(pull::Source::peer, 40));
  f.wait(Milliseconds(601'000));
  CHECK(f.images.open() == 1);
  f.images.serve(blob, bytes_from(pull::Source::peer, 2));
  f.images.end_blob(blob, 200);
  CHECK(f.count("event=pull") == 2);
  CHECK(f.told().find(" goes_on=true requests=2 failed_requests=0 bytes=40 ") != std::string::npos);
  CHECK(f.told().find(" goes_on=false requests=0 failed_requests=0 bytes=2 ") != std::string::npos);
}

TEST_CASE("the oldest image is told when there are too many at once") {
  Fixture f;
  for (unsigned i = 0; i < 200; ++i) f.see(i);
  CHECK(f.images.open() == 128);
  CHECK(f.count(" digest=" + digest_number(0).text()) == 1);
}

TEST_CASE("of a manifest that names thousands only some are followed") {
  Fixture f;
  std::vector<Digest> names;
  for (unsigned i = 10; i < 1'000; ++i) names.push_back(digest_number(i));
  const auto image = f.see(1, names);
  const Asked one;
  CHECK(f.begin(one, 10) == image);
  const Asked other;
  CHECK(f.begin(other, 999) != image);
}
