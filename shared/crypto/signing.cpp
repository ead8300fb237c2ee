#include "shared/crypto/signing.hpp"

#include <openssl/evp.h>
#include <openssl/rand.h>

#include "shared/core/check.hpp"

namespace shoal::inline crypto {
namespace {

unsigned char* raw(std::byte* bytes) {
  return reinterpret_cast<unsigned char*>(bytes);
}
const unsigned char* raw(const std::byte* bytes) {
  return reinterpret_cast<const unsigned char*>(bytes);
}

struct FreeContext {
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};
using Context = std::unique_ptr<EVP_MD_CTX, FreeContext>;

struct FreeKey {
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
};

// OpenSSL's form of a key; nullptr when it is none. Making it costs half as much as a check does, and a swarm checks
// with one key again and again: each thread keeps its last one.
EVP_PKEY* handle_of(const PublicKey& key) {
  thread_local PublicKey last{};
  thread_local std::unique_ptr<EVP_PKEY, FreeKey> handle;
  if (!handle || last != key) {
    handle.reset(EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, raw(key.data()), key.size()));
    last = key;
  }
  return handle.get();
}

}  // namespace

struct SigningKey::Key {
  EVP_PKEY* handle;
  explicit Key(EVP_PKEY* h) : handle(h) {}
  Key(const Key&) = delete;
  Key& operator=(const Key&) = delete;
  ~Key() { EVP_PKEY_free(handle); }
};

SigningKey::SigningKey(std::unique_ptr<Key> key) : key_(std::move(key)) {}
SigningKey::SigningKey(SigningKey&&) noexcept = default;
SigningKey::~SigningKey() = default;

SigningKey SigningKey::generate() {
  auto key = from_seed(random_bytes(32));
  SHOAL_CHECK(key.has_value());
  return std::move(*key);
}

Result<SigningKey> SigningKey::from_seed(ByteView seed) {
  if (seed.size() != 32) return fail(ErrorKind::refused, "a signing key is 32 bytes");
  EVP_PKEY* handle = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr, raw(seed.data()), seed.size());
  SHOAL_CHECK(handle != nullptr);
  return SigningKey(std::make_unique<Key>(handle));
}

Bytes SigningKey::seed() const {
  Bytes seed(32);
  std::size_t size = seed.size();
  SHOAL_CHECK(EVP_PKEY_get_raw_private_key(key_->handle, raw(seed.data()), &size) == 1);
  return seed;
}

PublicKey SigningKey::public_key() const {
  PublicKey key;
  std::size_t size = key.size();
  SHOAL_CHECK(EVP_PKEY_get_raw_public_key(key_->handle, raw(key.data()), &size) == 1);
  return key;
}

Signature SigningKey::sign(ByteView message) const {
  Signature signature;
  std::size_t size = signature.size();
  const Context context(EVP_MD_CTX_new());
  SHOAL_CHECK(EVP_DigestSignInit(context.get(), nullptr, nullptr, nullptr, key_->handle) == 1);
  SHOAL_CHECK(EVP_DigestSign(context.get(), raw(signature.data()), &size, raw(message.data()), message.size()) == 1);
  return signature;
}

bool verify(const PublicKey& key, ByteView message, const Signature& signature) {
  EVP_PKEY* const handle = handle_of(key);
  if (handle == nullptr) return false;
  const Context context(EVP_MD_CTX_new());
  return EVP_DigestVerifyInit(context.get(), nullptr, nullptr, nullptr, handle) == 1 &&
         EVP_DigestVerify(context.get(), raw(signature.data()), signature.size(), raw(message.data()),
                          message.size()) == 1;
}

Bytes random_bytes(std::size_t count) {
  Bytes bytes(count);
  SHOAL_CHECK(RAND_bytes(raw(bytes.data()), static_cast<int>(count)) == 1);
  return bytes;
}

std::uint64_t random_number() {
  std::uint64_t number = 0;
  for (const std::byte byte : random_bytes(sizeof number)) number = number << 8 | std::to_integer<std::uint64_t>(byte);
  return number;
}

}  // namespace shoal::inline crypto
