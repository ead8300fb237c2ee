// What a node asks another one for, and what the other one makes of it.
#include "shared/holder/protocol.hpp"

#include <catch2/catch.hpp>

#include "shared/crypto/hasher.hpp"
#include "shared/holder/limits.hpp"

using namespace shoal;

namespace {

const Digest digest = digest_of(DigestAlgorithm::sha256, bytes_of("a layer"));
const holder::Node node{"10.0.0.7", 7073};

SwarmKey key_of(std::uint8_t first) {
  SwarmKey key{};
  for (std::size_t i = 0; i < key.size(); ++i) key[i] = static_cast<std::byte>(first + i);
  return key;
}
const SwarmKey key = key_of(0);

// As the server of the other node reads it.
http::Request received(const http::ClientRequest& sent) {
  return {.method = sent.method, .path = sent.url.target, .query = "", .headers = sent.headers, .client = ""};
}

unsigned refusal_of(const http::Request& request) {
  const auto question = holder::parse(request, std::span(&key, 1));
  REQUIRE_FALSE(question);
  return question.error().status;
}

}  // namespace

// Computed apart from this code: HMAC-SHA-256 under the key 00 01 02 ... over "small sha256:...".
TEST_CASE("the proof depends on key and digest, and is what nodes of version 0.1.0 send") {
  const Digest other = digest_of(DigestAlgorithm::sha256, bytes_of("other"));
  const Digest golden = digest_of(DigestAlgorithm::sha256, bytes_of("layer"));
  CHECK(holder::proof(key, golden) == "5d2d5c3ba316fd0d0d17091e8cf39b4359d0491cb56c4d342226b626de44a6aa");
  CHECK(holder::proof(SwarmKey{}, digest) != holder::proof(key, digest));
  CHECK(holder::proof(key, other) != holder::proof(key, digest));
}

TEST_CASE("a request is the same on the wire as it always was") {
  const http::ClientRequest small = holder::small_request(node, key, digest, 100_KiB);
  CHECK(text(small.url) == "http://10.0.0.7:7073/v1/small/" + digest.text());
  CHECK(http::find_header(small.headers, "Authorization") == "Shoal " + holder::proof(key, digest));
  CHECK_FALSE(http::find_header(small.headers, "Range"));
  const http::ClientRequest held = holder::held_request(node, key, digest, 0);
  CHECK(text(held.url) == "http://10.0.0.7:7073/v1/held/" + digest.text());
  CHECK_FALSE(http::find_header(held.headers, "Range"));
  CHECK(http::find_header(holder::held_request(node, key, digest, 5).headers, "Range") == "bytes=5-");
}

TEST_CASE("what is asked is what is understood, for each resource") {
  const std::vector<SwarmKey> keys{key_of(9), key};
  const auto small = holder::parse(received(holder::small_request(node, key, digest, 1_KiB)), keys);
  REQUIRE(small);
  CHECK(small->resource == holder::Resource::small);
  CHECK(small->digest == digest);
  const auto patient = holder::parse(received(holder::patient_small_request(node, key, digest)), keys);
  REQUIRE(patient);
  CHECK(patient->resource == holder::Resource::small);
  const auto held = holder::parse(received(holder::held_request(node, key, digest, 7)), keys);
  REQUIRE(held);
  CHECK(held->resource == holder::Resource::held);
  CHECK(held->digest == digest);
}

TEST_CASE("a hedged request is one on the wire, and any other is not") {
  const http::ClientRequest small = holder::small_request(node, key, digest, 1_KiB);
  const auto plain = holder::parse(received(small), std::span(&key, 1));
  const auto hedged = holder::parse(received(holder::hedged(small)), std::span(&key, 1));
  REQUIRE(plain);
  REQUIRE(hedged);
  CHECK_FALSE(plain->is_hedged);
  CHECK(hedged->is_hedged);
  CHECK(http::find_header(holder::hedged(small).headers, "Shoal-Hedged") == "1");
}

TEST_CASE("HEAD is understood as GET, and every other method is refused with 405") {
  http::Request request = received(holder::small_request(node, key, digest, 1_KiB));
  request.method = "HEAD";
  CHECK(holder::parse(request, std::span(&key, 1)));
  for (const char* method : {"POST", "PUT", "DELETE", "OPTIONS"}) {
    request.method = method;
    CHECK(refusal_of(request) == 405);
  }
}

TEST_CASE("no proof, one of another key and one for another digest are refused with 401") {
  const Digest other = digest_of(DigestAlgorithm::sha256, bytes_of("other"));
  for (const bool is_held : {false, true}) {
    http::Request request = received(is_held ? holder::held_request(node, key, digest, 0)
                                             : holder::small_request(node, key, digest, 1_KiB));
    for (const std::string& shown : {std::string(), "Shoal " + holder::proof(key_of(1), digest),
                                     "Shoal " + holder::proof(key, other), holder::proof(key, digest)}) {
      request.headers = {{"Authorization", shown}};
      CHECK(refusal_of(request) == 401);
    }
    request.headers.clear();
    CHECK(refusal_of(request) == 401);
  }
}

TEST_CASE("before a tracker has welcomed the node there is no key, and every proof is refused") {
  const http::Request request = received(holder::small_request(node, SwarmKey{}, digest, 1_KiB));
  const auto question = holder::parse(request, {});
  REQUIRE_FALSE(question);
  CHECK(question.error().status == 401);
  CHECK(http::find_header(question.error().headers, "WWW-Authenticate") == "Shoal");
}

TEST_CASE("another path and a malformed digest are not found, whatever is proven") {
  http::Request request = received(holder::small_request(node, key, digest, 1_KiB));
  for (const std::string& path : {std::string("/"), std::string("/v1/small"), std::string("/v1/small/"),
                                  std::string("/v1/small/sha256:abc"), "/v1/held/" + digest.text() + "0",
                                  "/v1/other/" + digest.text()}) {
    CAPTURE(path);
    request.path = path;
    CHECK(refusal_of(request) == 404);
  }
}

TEST_CASE("an agent that sends less than 100 KiB/s of a held layer for five seconds is given up") {
  const http::ClientLimits limits = holder::held_request(node, key, digest, 0).limits;
  CHECK(limits.trickle == Milliseconds(5'000));
  CHECK(limits.least == 512_KiB);
}

TEST_CASE("a small layer may take as long as 100 KB/s need, beyond the time that its sender may take to begin") {
  const http::ClientLimits limits = holder::small_request(node, key, digest, ByteCount{300'000}).limits;
  CHECK(limits.whole == holder::limits.small.silence + Milliseconds(3'000));
  CHECK(limits.headers > holder::limits.serving.size);
  CHECK(limits.silence > holder::limits.serving.arriving);
}
