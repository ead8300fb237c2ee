#include "shared/crypto/hasher.hpp"

#include <catch2/catch.hpp>

using namespace shoal;

TEST_CASE("hashes of known messages are those of FIPS 180-4's examples") {
  CHECK(digest_of(DigestAlgorithm::sha256, bytes_of("abc")).text() ==
        "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  CHECK(digest_of(DigestAlgorithm::sha256, {}).hex() ==
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  CHECK(digest_of(DigestAlgorithm::sha512, bytes_of("abc")).text() ==
        "sha512:"
        "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce"
        "80e2a9ac94fa54ca49f");
  CHECK(hex_text(sha256(bytes_of("abc"))) == digest_of(DigestAlgorithm::sha256, bytes_of("abc")).hex());
}

TEST_CASE("a message hashed in parts has the hash of the whole, and the hasher then starts over") {
  const std::string part(1000, 'a');
  Hasher hasher(DigestAlgorithm::sha256);
  for (int i = 0; i < 1000; ++i) hasher.update(bytes_of(part));
  CHECK(hasher.finish().hex() == "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
  hasher.update(bytes_of("a"));
  hasher.update({});
  hasher.update(bytes_of("bc"));
  CHECK(hasher.finish() == digest_of(DigestAlgorithm::sha256, bytes_of("abc")));
}

TEST_CASE("a hasher that is moved keeps what it has hashed") {
  Hasher first(DigestAlgorithm::sha512);
  first.update(bytes_of("ab"));
  Hasher second = std::move(first);
  second.update(bytes_of("c"));
  CHECK(second.finish() == digest_of(DigestAlgorithm::sha512, bytes_of("abc")));
}

TEST_CASE("HMAC-SHA-256 is as RFC 4231 gives it") {
  CHECK(hex_text(hmac_sha256(bytes_of("Jefe"), bytes_of("what do ya want for nothing?"))) ==
        "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  const Bytes long_key(131, std::byte{0xaa});
  CHECK(hex_text(hmac_sha256(long_key, bytes_of("Test Using Larger Than Block-Size Key - Hash Key First"))) ==
        "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

TEST_CASE("secrets are equal only when all bytes are") {
  CHECK(equal_in_constant_time(bytes_of("secret"), bytes_of("secret")));
  CHECK_FALSE(equal_in_constant_time(bytes_of("secret"), bytes_of("secreT")));
  CHECK_FALSE(equal_in_constant_time(bytes_of("secret"), bytes_of("secre")));
  CHECK(equal_in_constant_time({}, {}));
}
