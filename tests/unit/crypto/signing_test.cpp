#include "shared/crypto/signing.hpp"

#include <catch2/catch.hpp>

using namespace shoal;

namespace {

SigningKey key_of(const char* seed) {
  return std::move(SigningKey::from_seed(*parse_hex(seed)).value());
}

}  // namespace

TEST_CASE("keys and signatures are those of RFC 8032, section 7.1") {
  const SigningKey first = key_of("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60");
  CHECK(hex_text(first.public_key()) == "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a");
  CHECK(hex_text(first.sign({})) ==
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe"
        "2465514"
        "1438e7a100b");
  const SigningKey third = key_of("c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7");
  CHECK(hex_text(third.public_key()) == "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025");
  CHECK(hex_text(third.sign(*parse_hex("af82"))) ==
        "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed2"
        "8dc027be"
        "ceea1ec40a");
}

TEST_CASE("a signature holds for its message and key only") {
  const SigningKey key = SigningKey::generate();
  const Signature signature = key.sign(bytes_of("message"));
  CHECK(verify(key.public_key(), bytes_of("message"), signature));
  CHECK_FALSE(verify(key.public_key(), bytes_of("messagE"), signature));
  CHECK_FALSE(verify(key.public_key(), {}, signature));
  CHECK_FALSE(verify(SigningKey::generate().public_key(), bytes_of("message"), signature));
  for (std::size_t i = 0; i < signature.size(); ++i) {
    Signature flipped = signature;
    flipped[i] ^= std::byte{1};
    CHECK_FALSE(verify(key.public_key(), bytes_of("message"), flipped));
  }
  CHECK_FALSE(verify(PublicKey{}, bytes_of("message"), Signature{}));
}

TEST_CASE("a key is made again from its seed, which has 32 bytes") {
  const SigningKey key = SigningKey::generate();
  CHECK(SigningKey::from_seed(key.seed())->public_key() == key.public_key());
  CHECK(SigningKey::from_seed(Bytes(31)).error().kind == ErrorKind::refused);
  CHECK(SigningKey::from_seed(Bytes(33)).error().kind == ErrorKind::refused);
}

TEST_CASE("random bytes do not repeat") {
  CHECK(random_bytes(32) != random_bytes(32));
}
