#include "shared/origin/retry_after.hpp"

#include <catch2/catch.hpp>

#include "tests/unit/origin/origin_fixture.hpp"

using namespace shoal;
using namespace shoal::origin;
using namespace shoal::test;

namespace {

Milliseconds after(const std::string& value, const std::string& date = "Sun, 06 Nov 1994 08:49:37 GMT") {
  return retry_after({{"retry-after", value}, {"Date", date}});
}

}  // namespace

TEST_CASE("the time to stay away is a number of seconds, or a date against the answer's own") {
  CHECK(after("7") == Milliseconds(7'000));
  CHECK(after("0") == Milliseconds(0));
  CHECK(after("Sun, 06 Nov 1994 08:49:47 GMT") == Milliseconds(10'000));
  CHECK(after("Mon, 07 Nov 1994 08:49:37 GMT") == longest_retry_after);
  CHECK(after("86400") == longest_retry_after);
}

TEST_CASE("what makes no sense asks for nothing") {
  CHECK(retry_after({}) == Milliseconds(0));
  for (const char* value : {"", "-5", "soon", "7 seconds", "1e3", "99999999999999999999",
                            "Sun, 06 Nov 1994 08:49:27 GMT", "Sun, 06 Nov 1994 08:49:47 GMT and more"}) {
    INFO(value);
    CHECK(after(value) == Milliseconds(0));
  }
  CHECK(after("Sun, 06 Nov 1994 08:49:47 GMT", "") == Milliseconds(0));
}

TEST_CASE("a registry that answers 429 with a time is not asked before it") {
  FakeRegistry registry;
  registry.routes().Get(OriginClient::blob_path(), [](const auto&, auto& response) {
    response.status = 429;
    response.set_header("Retry-After", "30");
  });
  registry.start();
  OriginClient client(registry.url());
  for (int i = 0; i < 3; ++i) {
    const auto layer = client.open();
    REQUIRE_FALSE(layer);
    CHECK(layer.error().kind == ErrorKind::unavailable);
    CHECK(layer.error().retry_after > Milliseconds(29'000));
  }
  CHECK(registry.seen().size() == 1);
  CHECK(client.open(0, "Bearer of a caller").error().kind == ErrorKind::unavailable);
  CHECK(registry.seen().size() == 2);
  client.pass(Milliseconds(31'000));
  CHECK(client.open().error().kind == ErrorKind::unavailable);
  CHECK(registry.seen().size() == 3);
}
