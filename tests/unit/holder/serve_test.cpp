// How a node answers.
#include "shared/holder/serve.hpp"

#include <catch2/catch.hpp>

#include "shared/store/store.hpp"
#include "tests/doubles/layer_bytes.hpp"
#include "tests/doubles/recorded_exchange.hpp"
#include "tests/doubles/temporary_directory.hpp"

using namespace shoal;

TEST_CASE("the head names the layer's type and length, and bytes when the layer has no type of its own") {
  const http::Response typed = holder::head("text/x-manifest", ByteCount{7});
  CHECK(typed.status == 200);
  CHECK(typed.length == 7);
  CHECK(http::find_header(typed.headers, "Content-Type") == "text/x-manifest");
  CHECK(http::find_header(holder::head("", ByteCount{7}).headers, "Content-Type") == "application/octet-stream");
}

TEST_CASE("each refusal has its status, and says in its headers what would be right") {
  CHECK(holder::no_such_path().status == 404);
  CHECK(holder::not_held().status == 404);
  CHECK(holder::too_many().status == 503);
  CHECK(holder::no_proof().status == 401);
  CHECK(http::find_header(holder::no_proof().headers, "WWW-Authenticate") == "Shoal");
  CHECK(holder::wrong_method().status == 405);
  CHECK(http::find_header(holder::wrong_method().headers, "Allow") == "GET, HEAD");
}

TEST_CASE("of a file as many bytes leave as were asked for") {
  const TemporaryDirectory directory;
  store::Store store{{.path = directory.path(), .capacity = 50_MiB}};
  const Bytes bytes = numbered_bytes(1'000);
  const auto reserved = store.reserve(digest_of(DigestAlgorithm::sha256, bytes), {bytes.size()});
  REQUIRE(reserved);
  auto written = store::Store::write_small(*reserved, bytes, "");
  REQUIRE(written);
  const store::HeldLayer held = store.adopt(std::move(*written));

  RecordedExchange exchange({.method = "GET", .path = "/", .query = "", .headers = {}, .client = ""});
  Loop loop;
  spawn(loop, holder::send_file(exchange, held.readable(100), ByteCount{50}));
  loop.run();
  CHECK(exchange.body == Bytes(bytes.begin() + 100, bytes.begin() + 150));
}
