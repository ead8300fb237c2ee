// Layers from a registry: whole, from a byte on, and what is not believed.
#include <catch2/catch.hpp>

#include "shared/origin/statuses.hpp"
#include "tests/doubles/scripted_server.hpp"
#include "tests/unit/origin/origin_fixture.hpp"

using namespace shoal;
using namespace shoal::test;

namespace {

std::string content() {
  std::string out(3'000'000, '\0');
  for (std::size_t i = 0; i < out.size(); ++i) out[i] = static_cast<char>(i * i >> 7);
  return out;
}

ErrorKind kind_of(const std::string& scripted, std::uint64_t from = 0) {
  ScriptedServer server(scripted, Afterwards::close);
  OriginClient client(server.url());
  const auto layer = client.open(from);
  if (!layer) return layer.error().kind;
  REQUIRE_FALSE(layer->bytes);
  return layer->bytes.error().kind;
}

}  // namespace

TEST_CASE("a layer arrives whole, with the size its headers say") {
  const std::string whole = content();
  FakeRegistry registry;
  registry.routes().Get(OriginClient::blob_path(),
                        [&](const auto&, auto& response) { response.set_content(whole, "a/b"); });
  registry.start();
  OriginClient client(registry.url());
  const auto layer = client.open();
  REQUIRE(layer);
  CHECK(layer->size.value == whole.size());
  CHECK(layer->offset == 0);
  CHECK(layer->content_type == "a/b");
  CHECK(text_of(layer->bytes.value()) == whole);
  CHECK(registry.seen().at(0).range.empty());
}

TEST_CASE("a layer from a byte on is asked for by Range and arrives from there") {
  const std::string whole = content();
  FakeRegistry registry;
  registry.routes().Get(OriginClient::blob_path(),
                        [&](const auto&, auto& response) { response.set_content(whole, "a/b"); });
  registry.start();
  OriginClient client(registry.url());
  const auto layer = client.open(1'000'001);
  REQUIRE(layer);
  CHECK(registry.seen().at(0).range == "bytes=1000001-");
  CHECK(layer->size.value == whole.size());
  CHECK(layer->offset == 1'000'001);
  CHECK(text_of(layer->bytes.value()) == std::string_view(whole).substr(1'000'001));
}

TEST_CASE("a registry that ignores Range sends the layer from its beginning, and says so") {
  ScriptedServer server("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n12345", Afterwards::close);
  OriginClient client(server.url());
  const auto layer = client.open(3);
  REQUIRE(layer);
  CHECK(layer->offset == 0);
  CHECK(text_of(layer->bytes.value()) == "12345");
}

TEST_CASE("a registry that makes nothing of a Range is asked for the whole layer") {
  const int status = GENERATE(400, 416);
  const std::string whole = content();
  FakeRegistry registry;
  registry.routes().Get(OriginClient::blob_path(), [&](const httplib::Request& request, httplib::Response& response) {
    if (request.has_header("Range")) {
      response.status = status;
    } else {
      response.set_content(whole, "a/b");
    }
  });
  registry.start();
  OriginClient client(registry.url());
  const auto layer = client.open(1'000'001);
  REQUIRE(layer);
  CHECK(layer->offset == 0);
  CHECK(text_of(layer->bytes.value()) == whole);
  CHECK(registry.seen().size() == 2);
}

TEST_CASE("an empty layer is one") {
  ScriptedServer server("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", Afterwards::close);
  OriginClient client(server.url());
  const auto layer = client.open();
  REQUIRE(layer);
  CHECK(layer->size.value == 0);
  CHECK(layer->bytes->empty());
}

TEST_CASE("a range that is not the one asked for is unavailable") {
  const auto answer = [](const char* range, const char* body) {
    return "HTTP/1.1 206 Partial Content\r\nContent-Length: " + std::to_string(std::string_view(body).size()) +
           "\r\nContent-Range: " + range + "\r\n\r\n" + body;
  };
  CHECK(kind_of(answer("bytes 2-9/10", "23456789"), 3) == ErrorKind::unavailable);
  CHECK(kind_of(answer("bytes 3-8/10", "345678"), 3) == ErrorKind::unavailable);
  CHECK(kind_of(answer("bytes 3-9/*", "3456789"), 3) == ErrorKind::unavailable);
  CHECK(kind_of(answer("bytes 3-9/10", "34567"), 3) == ErrorKind::unavailable);
  CHECK(kind_of(answer("bytes 0-4/10", "01234"), 0) == ErrorKind::unavailable);
  CHECK(kind_of("HTTP/1.1 206 Partial Content\r\nContent-Length: 1\r\n\r\n1", 3) == ErrorKind::unavailable);
}

TEST_CASE("a 206 of the whole is an answer to a request for the whole") {
  ScriptedServer server("HTTP/1.1 206 Partial Content\r\nContent-Length: 5\r\nContent-Range: bytes 0-4/5\r\n\r\n12345",
                        Afterwards::close);
  OriginClient client(server.url());
  const auto layer = client.open();
  REQUIRE(layer);
  CHECK(layer->size.value == 5);
  CHECK(text_of(layer->bytes.value()) == "12345");
}

TEST_CASE("a layer without a length is read to its end, in chunks or until the connection closes") {
  const std::string head = GENERATE(as<std::string>(), "HTTP/1.1 200 OK\r\n\r\n12345", "HTTP/1.0 200 OK\r\n\r\n12345",
                                    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Type: a/b\r\n\r\n"
                                    "2\r\n12\r\n3\r\n345\r\n0\r\n\r\n");
  ScriptedServer server(head, Afterwards::close);
  OriginClient client(server.url());
  const auto layer = client.open();
  REQUIRE(layer);
  CHECK(layer->size.value == 5);
  CHECK(text_of(layer->bytes.value()) == "12345");
}

TEST_CASE("a layer without a length has the size that its manifest says") {
  const auto open = [](const std::string& body, std::uint64_t size) {
    ScriptedServer server("HTTP/1.1 200 OK\r\n\r\n" + body, Afterwards::close);
    OriginClient client(server.url());
    origin::LayerQuestion question = OriginClient::question();
    question.size = ByteCount{size};
    return client.open(std::move(question), 0);
  };
  const auto right = open("12345", 5);
  REQUIRE(right);
  CHECK(right->size.value == 5);
  CHECK(text_of(right->bytes.value()) == "12345");
  const auto shorter = open("12345", 6);
  REQUIRE(shorter);
  CHECK(shorter->bytes.error().kind == ErrorKind::unavailable);
  const auto longer = open("12345", 4);
  REQUIRE(longer);
  CHECK(longer->bytes.error().kind == ErrorKind::unavailable);
}

TEST_CASE("a large blob without a length and without a manifest is read twice, first to count it") {
  const std::string whole(origin::Origin::largest_measured.value + 5, 'x');
  FakeRegistry registry;
  registry.routes().Get(OriginClient::blob_path(), [&](const auto&, httplib::Response& response) {
    response.set_chunked_content_provider("a/b", [&](std::size_t offset, httplib::DataSink& sink) {
      const std::string_view some = std::string_view(whole).substr(offset, 1 << 20);
      sink.write(some.data(), some.size());
      if (offset + some.size() == whole.size()) sink.done();
      return true;
    });
  });
  registry.start();
  OriginClient client(registry.url());
  const auto layer = client.open();
  REQUIRE(layer);
  CHECK(layer->size.value == whole.size());
  CHECK(layer->bytes->size() == whole.size());
  CHECK(registry.seen().size() == 2);
}

TEST_CASE("a manifest without a length is read up to the limit of a manifest") {
  const std::size_t size = GENERATE(as<std::size_t>{}, 1'000, origin::largest_manifest.value + 1);
  ScriptedServer server("HTTP/1.1 200 OK\r\n\r\n" + std::string(size, 'm'), Afterwards::close);
  OriginClient client(server.url());
  origin::LayerQuestion question = OriginClient::question();
  question.kind = origin::Kind::manifest;
  const auto manifest = client.open(std::move(question), 0);
  REQUIRE(manifest.has_value() == (size == 1'000));
  if (manifest) CHECK(manifest->bytes->size() == size);
  if (!manifest) CHECK(manifest.error().kind == ErrorKind::refused);
}

TEST_CASE("a layer that is larger than any is refused") {
  CHECK(kind_of("HTTP/1.1 200 OK\r\nContent-Length: 1099511627777\r\n\r\nabc") == ErrorKind::refused);
}

TEST_CASE("a layer that ends early is unavailable after the bytes that came") {
  CHECK(kind_of("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n12345") == ErrorKind::unavailable);
  CHECK(kind_of("HTTP/1.1 206 Partial Content\r\nTransfer-Encoding: chunked\r\nContent-Range: bytes 3-9/10\r\n\r\n"
                "3\r\n345\r\n0\r\n\r\n",
                3) == ErrorKind::unavailable);
  CHECK(kind_of("HTTP/1.1 206 Partial Content\r\nTransfer-Encoding: chunked\r\nContent-Range: bytes 3-4/5\r\n\r\n"
                "9\r\n345678901\r\n0\r\n\r\n",
                3) == ErrorKind::unavailable);
}

TEST_CASE("a status is named for what the caller may do next") {
  const auto answer = [](const char* status) {
    return "HTTP/1.1 " + std::string(status) + "\r\nContent-Length: 0\r\n\r\n";
  };
  CHECK(kind_of(answer("404 Not Found")) == ErrorKind::not_found);
  CHECK(kind_of(answer("401 Unauthorized")) == ErrorKind::refused);
  CHECK(kind_of(answer("403 Forbidden")) == ErrorKind::refused);
  CHECK(kind_of(answer("410 Gone")) == ErrorKind::not_found);
  CHECK(kind_of(answer("451 Unavailable For Legal Reasons")) == ErrorKind::refused);
  for (const char* later :
       {"429 Too Many Requests", "500 Internal Server Error", "503 Service Unavailable", "416 Range", "204 None"}) {
    CHECK(kind_of(answer(later)) == ErrorKind::unavailable);
  }
}

TEST_CASE("when to come back is part of the error") {
  ScriptedServer server("HTTP/1.1 429 Too Many Requests\r\nRetry-After: 30\r\nContent-Length: 0\r\n\r\n",
                        Afterwards::close);
  OriginClient client(server.url());
  const auto layer = client.open();
  REQUIRE_FALSE(layer);
  CHECK_THAT(layer.error().what, Catch::Contains("429") && Catch::Contains("retry after 30"));
}

TEST_CASE("a refusal keeps the origin's status, challenges and reason, whoever passes it on") {
  const std::string body = R"({"errors":[{"code":"UNAUTHORIZED","message":"log in\nfirst","detail":1},{"code":"DENIED"}]})";
  ScriptedServer server("HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic realm=\"a\"\r\n"
                        "WWW-Authenticate: Negotiate\r\nContent-Length: " +
                            std::to_string(body.size()) + "\r\n\r\n" + body,
                        Afterwards::close);
  OriginClient client(server.url());
  const auto layer = client.open(0, "Basic of-the-caller");
  REQUIRE_FALSE(layer);
  REQUIRE(layer.error().answered);
  CHECK(layer.error().answered->status == 401);
  CHECK(layer.error().answered->challenges == std::vector<std::string>{"Basic realm=\"a\"", "Negotiate"});
  CHECK(layer.error().answered->code == "UNAUTHORIZED");
  CHECK(layer.error().answered->message == "log in first");
  CHECK_THAT(layer.error().what, Catch::Contains("401 UNAUTHORIZED") && !Catch::Contains("log in"));
}

TEST_CASE("a body that is no registry's error gives no reason") {
  for (const char* body : {"<html>sorry</html>", "{\"errors\":[]}", "{\"errors\":[{\"code\":\"a b\"}]}", "{\"errors\":", ""}) {
    CAPTURE(body);
    const Answered answered = origin::answered_by(404, {}, body);
    CHECK(answered.status == 404);
    CHECK(answered.code.empty());
    CHECK(answered.message.empty());
  }
}

TEST_CASE("a part that is refused says so too") {
  ScriptedServer server("HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n", Afterwards::close);
  OriginClient client(server.url());
  const auto part = client.open_part({0, 5});
  REQUIRE_FALSE(part);
  REQUIRE(part.error().answered);
  CHECK(part.error().answered->status == 403);
}

TEST_CASE("the base is asked as the caller would, and its challenge is the answer") {
  ScriptedServer server("HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Bearer realm=\"http://127.0.0.1:1/t\"\r\n"
                        "Content-Length: 0\r\n\r\n",
                        Afterwards::close);
  OriginClient client(server.url());
  const auto answer = client.ask_base("Basic of-the-caller");
  REQUIRE(answer);
  CHECK(answer->status == 401);
  CHECK(answer->challenges.size() == 1);
  const auto anonymous = client.ask_base("");
  REQUIRE(anonymous);
  CHECK(anonymous->status == 401);
}
