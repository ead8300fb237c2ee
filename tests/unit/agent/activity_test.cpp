// What auditors read: by whose authority, and refusals that fill no disk.
#include "agent/activity/activity.hpp"

#include <catch2/catch.hpp>
#include <fstream>
#include <iterator>

#include "shared/crypto/hasher.hpp"
#include "tests/doubles/temporary_directory.hpp"

using namespace shoal;
using namespace shoal::agent;
using activity::By;

namespace {

activity::Refused refusal(const std::string& client, By by, unsigned status, Time at = {}) {
  return {.repository = "reg/app",
          .image = "reg/app:v1",
          .digest = std::nullopt,
          .caller = {client, "127.0.0.1", {by, by == By::credential ? "0123456789abcdef" : ""}},
          .status = status,
          .at = at};
}

Time after(Milliseconds time) {
  return Time{} + time;
}

std::string content_of(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace

TEST_CASE("a first refusal is told at once, and those of the next minute in one line") {
  activity::Refusals refusals;
  CHECK(refusals.note(refusal("curl", By::credential, 403)).size() == 1);
  for (int i = 0; i < 10'000; ++i) CHECK(refusals.note(refusal("curl", By::credential, 403, after(Milliseconds(i)))).empty());
  CHECK(refusals.due(after(Milliseconds(59'000))).empty());
  const auto told = refusals.due(after(Milliseconds(60'000)));
  REQUIRE(told.size() == 1);
  CHECK(told.front().times == 10'000);
  CHECK(told.front().refused->caller.client == "curl");
  CHECK(refusals.due(after(Milliseconds(120'000))).empty());
  CHECK(refusals.empty());
}

TEST_CASE("other callers, repositories and verdicts have refusals of their own") {
  activity::Refusals refusals;
  CHECK(refusals.note(refusal("curl", By::credential, 403)).size() == 1);
  CHECK(refusals.note(refusal("podman", By::credential, 403)).size() == 1);
  CHECK(refusals.note(refusal("curl", By::anonymous, 403)).size() == 1);
  CHECK(refusals.note(refusal("curl", By::credential, 404)).size() == 1);
  CHECK(refusals.note(refusal("curl", By::credential, 503)).size() == 1);
  activity::Refused elsewhere = refusal("curl", By::credential, 403);
  elsewhere.repository = "reg/other";
  CHECK(refusals.note(elsewhere).size() == 1);
  CHECK(refusals.note(refusal("curl", By::credential, 401)).empty());  // the same verdict as 403
}

TEST_CASE("a challenge that is followed by a pull is no refusal") {
  activity::Refusals refusals;
  CHECK(refusals.note(refusal("containerd", By::anonymous, 401)).empty());
  refusals.serve("reg/app", {"containerd", "127.0.0.1", {By::credential, "0123456789abcdef"}});
  CHECK(refusals.empty());
}

TEST_CASE("a challenge that no pull follows is a refusal") {
  activity::Refusals refusals;
  CHECK(refusals.note(refusal("containerd", By::anonymous, 401)).empty());
  refusals.serve("reg/other", {"containerd", "127.0.0.1", {By::credential, "0123456789abcdef"}});
  refusals.serve("reg/app", {"podman", "127.0.0.1", {By::credential, "0123456789abcdef"}});
  CHECK(refusals.due(after(Milliseconds(29'000))).empty());
  const auto told = refusals.due(after(Milliseconds(30'000)));
  REQUIRE(told.size() == 1);
  CHECK(told.front().times == 1);
}

TEST_CASE("callers beyond the bound are counted in one line, whatever they call themselves") {
  activity::Refusals refusals;
  std::size_t lines = 0;
  for (int i = 0; i < 5'000; ++i) lines += refusals.note(refusal(std::to_string(i), By::credential, 403)).size();
  CHECK(lines == activity::Refusals::most);
  const auto told = refusals.due(after(Milliseconds(60'000)));
  REQUIRE(told.size() == 1);
  CHECK_FALSE(told.front().refused);
  CHECK(told.front().times == 5'000 - activity::Refusals::most);
}

TEST_CASE("what is only counted at the end of the process is told then") {
  const TemporaryDirectory directory;
  const std::string path = directory.path() + "/activity.log";
  Loop loop;
  ManualClock clock(loop);
  {
    activity::Activity activity(loop, clock, {path, "text", "n1"}, [] { return std::chrono::milliseconds(1'500); });
    activity.tell(refusal("curl", By::anonymous, 401, clock.now()));
    CHECK(activity.metrics().refused_requests.value() == 1);
    CHECK(activity.metrics().refusal_lines.value() == 0);
  }
  CHECK(content_of(path) ==
        "time=1970-01-01T00:00:01.500Z event=start node=n1 version=" SHOAL_VERSION "\n"
        "time=1970-01-01T00:00:01.500Z event=refusal verdict=refused image=reg/app:v1 digest=\"\" node=n1 client=curl "
        "address=127.0.0.1 authority=anonymous credential=\"\" status=401 times=1\n"
        "time=1970-01-01T00:00:01.500Z event=stop node=n1\n");
}

TEST_CASE("a line of the activity log has these fields, in JSON too") {
  const TemporaryDirectory directory;
  const std::string path = directory.path() + "/activity.log";
  const Digest digest = digest_of(DigestAlgorithm::sha256, bytes_of("x"));
  Loop loop;
  ManualClock clock(loop);
  activity::Served served{.is_image = true,
                          .image = "reg/app:v1",
                          .digest = digest,
                          .caller = {"a \"b\"\n", "127.0.0.1", {By::credential, "0123456789abcdef"}},
                          .began = clock.now(),
                          .ended = clock.now() + Milliseconds(250)};
  served.counts.requests = 3;
  served.counts.bytes.of(pull::Source::peer) = 7;
  {
    activity::Activity activity(loop, clock, {path, "json", "n1"}, [] { return std::chrono::milliseconds(1'000); });
    activity.tell(served);
    CHECK(activity.metrics().pull_lines.value() == 1);
  }
  CHECK(content_of(path).find(
            "{\"time\":\"1970-01-01T00:00:01.000Z\",\"event\":\"pull\",\"verdict\":\"granted\",\"kind\":\"image\","
            "\"image\":\"reg/app:v1\",\"digest\":\"" + digest.text() +
            "\",\"node\":\"n1\",\"client\":\"a \\\"b\\\"\\u000a\",\"address\":\"127.0.0.1\",\"authority\":\"credential\","
            "\"credential\":\"0123456789abcdef\",\"ended\":\"1970-01-01T00:00:01.250Z\",\"goes_on\":false,\"requests\":3,"
            "\"failed_requests\":0,\"bytes\":7,\"from_store_bytes\":0,\"from_peers_bytes\":7,\"from_seeder_bytes\":0,"
            "\"from_holder_bytes\":0,\"from_origin_bytes\":0,\"from_partial_bytes\":0,\"passed_through_bytes\":0}\n") !=
        std::string::npos);
}

TEST_CASE("without a place nothing is told") {
  Loop loop;
  ManualClock clock(loop);
  activity::Activity activity(loop, clock, {});
  activity.tell(refusal("curl", By::anonymous, 403));
  activity.reopen();
  CHECK_FALSE(activity.is_on());
  CHECK(activity.metrics().refused_requests.value() == 0);
}
