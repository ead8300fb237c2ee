// Parts of layers from a registry: what is asked, and what is not believed.
#include <atomic>
#include <catch2/catch.hpp>

#include "tests/doubles/scripted_server.hpp"
#include "tests/unit/origin/origin_fixture.hpp"

using namespace shoal;
using namespace shoal::test;

namespace {

const std::string content = "0123456789";

std::string partial(const std::string& range, const std::string& body) {
  return "HTTP/1.1 206 Partial Content\r\nContent-Length: " + std::to_string(body.size()) +
         "\r\nContent-Range: " + range + "\r\n\r\n" + body;
}

auto part_of(const std::string& scripted, origin::Stretch part) {
  ScriptedServer server(scripted, Afterwards::close);
  OriginClient client(server.url());
  return client.open_part(part);
}

}  // namespace

TEST_CASE("a part is asked for by Range with the caller's credential, and says how large the layer is") {
  FakeRegistry registry;
  registry.routes().Get(OriginClient::blob_path(),
                        [&](const auto&, auto& response) { response.set_content(content, "a/b"); });
  registry.start();
  OriginClient client(registry.url());
  const auto part = client.open_part({2, 5}, "Bearer mine");
  REQUIRE(part);
  REQUIRE(*part);
  CHECK((*part)->size.value == content.size());
  CHECK((*part)->offset == 2);
  CHECK(text_of((*part)->bytes.value()) == "234");
  CHECK(registry.seen().at(0).range == "bytes=2-4");
  CHECK(registry.seen().at(0).authorization == "Bearer mine");
}

TEST_CASE("a part that runs over the layer's end is cut off there") {
  const auto part = part_of(partial("bytes 8-9/10", "89"), {8, 100});
  REQUIRE(part);
  CHECK(text_of((*part)->bytes.value()) == "89");
}

TEST_CASE("a registry that makes nothing of a part's Range would send the whole, and says so") {
  for (const char* status : {"200 OK", "400 Bad Request", "416 Range Not Satisfiable", "501 Not Implemented"}) {
    CAPTURE(status);
    const auto part = part_of("HTTP/1.1 " + std::string(status) + "\r\nContent-Length: 2\r\n\r\nab", {2, 5});
    REQUIRE(part);
    CHECK_FALSE(*part);
  }
}

TEST_CASE("a part that is not the one asked for is unavailable") {
  CHECK(part_of(partial("bytes 3-4/10", "34"), {2, 5}).error().kind == ErrorKind::unavailable);
  CHECK(part_of(partial("bytes 2-3/10", "23"), {2, 5}).error().kind == ErrorKind::unavailable);
  CHECK(part_of(partial("bytes 2-5/10", "2345"), {2, 5}).error().kind == ErrorKind::unavailable);
  CHECK(part_of(partial("bytes 2-4/*", "234"), {2, 5}).error().kind == ErrorKind::unavailable);
  CHECK(part_of(partial("bytes 2-4/10", "23"), {2, 5}).error().kind == ErrorKind::unavailable);
}

TEST_CASE("a part of a layer that the registry does not have, or refuses, is told apart") {
  CHECK(part_of("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", {2, 5}).error().kind == ErrorKind::not_found);
  CHECK(part_of("HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n", {2, 5}).error().kind == ErrorKind::refused);
}

TEST_CASE("parts behind a redirect are asked where it led, without asking the registry again, for a minute") {
  FakeRegistry storage;
  storage.routes().Get("/signed", [&](const auto&, auto& response) { response.set_content(content, "a/b"); });
  storage.start();
  FakeRegistry registry;
  registry.routes().Get(OriginClient::blob_path(),
                        [&](const auto&, auto& response) { response.set_redirect(storage.url("/signed"), 307); });
  registry.start();
  OriginClient client(registry.url());
  for (std::uint64_t first = 0; first < 3; ++first) {
    const auto part = client.open_part({first, first + 2}, "Bearer mine");
    REQUIRE(part);
    CHECK(text_of((*part)->bytes.value()) == content.substr(first, 2));
  }
  CHECK(registry.seen().size() == 1);
  CHECK(storage.seen().size() == 3);
  for (const SeenRequest& seen : storage.seen()) CHECK(seen.authorization.empty());
  CHECK(client.open_part({0, 2}, "Bearer another's"));  // may not have what is another's
  CHECK(registry.seen().size() == 2);
  client.pass(Milliseconds(60'000));
  CHECK(client.open_part({0, 2}, "Bearer mine"));
  CHECK(registry.seen().size() == 3);
}

TEST_CASE("when the place of a redirect is no more, the registry is asked again") {
  std::atomic<int> asked = 0;
  FakeRegistry storage;
  storage.routes().Get("/once", [&](const auto&, auto& response) {
    if (asked++ == 0) {
      response.set_content(content, "a/b");
    } else {
      response.status = 403;
    }
  });
  storage.routes().Get("/then", [&](const auto&, auto& response) { response.set_content(content, "a/b"); });
  storage.start();
  FakeRegistry registry;
  registry.routes().Get(OriginClient::blob_path(), [&](const auto&, auto& response) {
    response.set_redirect(storage.url(asked == 0 ? "/once" : "/then"), 307);
  });
  registry.start();
  OriginClient client(registry.url());
  for (int i = 0; i < 3; ++i) {
    const auto part = client.open_part({2, 5});
    REQUIRE(part);
    CHECK(text_of((*part)->bytes.value()) == "234");
  }
  CHECK(registry.seen().size() == 2);
}
