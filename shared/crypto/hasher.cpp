#include "shared/crypto/hasher.hpp"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "shared/core/check.hpp"

namespace shoal::inline crypto {
namespace {

// Fetched once: in OpenSSL 3 an implicit fetch costs more than hashing a small message.
const EVP_MD* method(DigestAlgorithm algorithm) {
  static const EVP_MD* const sha256_method = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  static const EVP_MD* const sha512_method = EVP_MD_fetch(nullptr, "SHA512", nullptr);
  return algorithm == DigestAlgorithm::sha256 ? sha256_method : sha512_method;
}

unsigned char* raw(std::byte* bytes) {
  return reinterpret_cast<unsigned char*>(bytes);
}
const unsigned char* raw(const std::byte* bytes) {
  return reinterpret_cast<const unsigned char*>(bytes);
}

}  // namespace

struct Hasher::State {
  EVP_MD_CTX* context = EVP_MD_CTX_new();
  State() = default;
  State(const State&) = delete;
  State& operator=(const State&) = delete;
  ~State() { EVP_MD_CTX_free(context); }
};

Hasher::Hasher(DigestAlgorithm algorithm) : state_(std::make_unique<State>()), algorithm_(algorithm) {
  SHOAL_CHECK(EVP_DigestInit_ex(state_->context, method(algorithm_), nullptr) == 1);
}
Hasher::~Hasher() = default;
Hasher::Hasher(Hasher&&) noexcept = default;
Hasher& Hasher::operator=(Hasher&&) noexcept = default;

void Hasher::update(ByteView bytes) {
  SHOAL_CHECK(EVP_DigestUpdate(state_->context, bytes.data(), bytes.size()) == 1);
}

Digest Hasher::finish() {
  std::array<std::byte, EVP_MAX_MD_SIZE> out;
  unsigned size = 0;
  SHOAL_CHECK(EVP_DigestFinal_ex(state_->context, raw(out.data()), &size) == 1);
  SHOAL_CHECK(EVP_DigestInit_ex(state_->context, method(algorithm_), nullptr) == 1);
  return *Digest::from_raw(algorithm_, ByteView(out).first(size));
}

Hash256 sha256(ByteView bytes) {
  Hash256 out;
  SHOAL_CHECK(
      EVP_Digest(bytes.data(), bytes.size(), raw(out.data()), nullptr, method(DigestAlgorithm::sha256), nullptr) == 1);
  return out;
}

Hash256 hmac_sha256(ByteView key, ByteView message) {
  Hash256 out;
  unsigned size = 0;
  SHOAL_CHECK(HMAC(method(DigestAlgorithm::sha256), key.data(), static_cast<int>(key.size()), raw(message.data()),
                   message.size(), raw(out.data()), &size) != nullptr);
  return out;
}

Digest digest_of(DigestAlgorithm algorithm, ByteView bytes) {
  Hasher hasher(algorithm);
  hasher.update(bytes);
  return hasher.finish();
}

bool equal_in_constant_time(ByteView a, ByteView b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace shoal::inline crypto
