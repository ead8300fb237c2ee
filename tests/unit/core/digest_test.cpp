#include "shared/core/digest.hpp"

#include <catch2/catch.hpp>
#include <unordered_set>

using namespace shoal;

namespace {

const std::string hex64(64, 'a');
const std::string hex128(128, '0');

}  // namespace

TEST_CASE("a digest is read and written as the same text") {
  for (const std::string& text :
       {"sha256:" + hex64, "sha512:" + hex128,
        std::string("sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef")}) {
    const auto digest = Digest::parse(text);
    REQUIRE(digest);
    CHECK(digest->text() == text);
    CHECK(digest->hex() == text.substr(7));
  }
  CHECK(Digest::parse("sha256:" + hex64)->raw().size() == 32);
  CHECK(Digest::parse("sha512:" + hex128)->raw().size() == 64);
}

TEST_CASE("what is not exactly a digest is refused") {
  const std::string upper(64, 'A');
  std::string with_zero = "sha256:" + hex64;
  with_zero[20] = '\0';
  for (const std::string& text : {std::string(),
                                  std::string("sha256"),
                                  std::string("sha256:"),
                                  hex64,
                                  "sha256:" + hex64.substr(1),
                                  "sha256:" + hex64 + "a",
                                  "sha256:" + hex128,
                                  "sha512:" + hex64,
                                  "sha256:" + upper,
                                  "SHA256:" + hex64,
                                  "sha1:" + hex64.substr(24),
                                  "md5:" + hex64,
                                  " sha256:" + hex64,
                                  "sha256:" + hex64 + " ",
                                  "sha256: " + hex64.substr(1),
                                  "sha256:" + hex64 + "\n",
                                  "sha256::" + hex64.substr(1),
                                  "sha256:" + hex64.substr(1) + "g",
                                  "sha256:../" + hex64.substr(3),
                                  "sha256:" + hex64.substr(2) + "%2",
                                  "sha256+b64:" + hex64,
                                  "sha256:0x" + hex64.substr(2),
                                  with_zero,
                                  "sha256:" + std::string(1 << 20, 'a')}) {
    const auto digest = Digest::parse(text);
    CAPTURE(text.substr(0, 100));
    REQUIRE_FALSE(digest);
    CHECK(digest.error().kind == ErrorKind::refused);
    CHECK(digest.error().what.size() < 200);  // what came from outside is not repeated
  }
}

TEST_CASE("raw bytes make a digest only at the length of the algorithm") {
  const Bytes raw(64, std::byte{7});
  CHECK(Digest::from_raw(DigestAlgorithm::sha256, ByteView(raw).first(32)));
  CHECK(Digest::from_raw(DigestAlgorithm::sha512, raw));
  CHECK_FALSE(Digest::from_raw(DigestAlgorithm::sha256, raw));
  CHECK_FALSE(Digest::from_raw(DigestAlgorithm::sha256, {}));
  CHECK_FALSE(Digest::from_raw(DigestAlgorithm::sha512, ByteView(raw).first(63)));
  CHECK_FALSE(Digest::from_raw(static_cast<DigestAlgorithm>(9), raw));
}

TEST_CASE("digests compare by algorithm and bytes") {
  const Digest a = *Digest::parse("sha256:" + hex64);
  const Digest b = *Digest::parse("sha256:" + std::string(64, 'b'));
  const Digest long_one = *Digest::parse("sha512:" + std::string(64, 'a') + std::string(64, '0'));
  CHECK(a == Digest::parse("sha256:" + hex64).value());
  CHECK(a < b);
  CHECK(a != long_one);  // its 32 bytes and zeros behind are another digest
  CHECK(std::unordered_set<Digest>{a, b, a, long_one}.size() == 3);
}
