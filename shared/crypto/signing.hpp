// Signing: Ed25519 (RFC 8032) over OpenSSL. The tracker signs piece hashes, agents verify.
//
// Threads: any; keys are immutable once made.
#pragma once

#include <array>
#include <memory>

#include "shared/core/bytes.hpp"
#include "shared/core/result.hpp"

namespace shoal::inline crypto {

using PublicKey = std::array<std::byte, 32>;
using Signature = std::array<std::byte, 64>;

class SigningKey {
 public:
  static SigningKey generate();
  static Result<SigningKey> from_seed(ByteView seed);  // 32 secret bytes
  SigningKey(SigningKey&&) noexcept;
  ~SigningKey();

  Bytes seed() const;  // secret: for a file of mode 0600
  PublicKey public_key() const;
  Signature sign(ByteView message) const;

 private:
  struct Key;
  explicit SigningKey(std::unique_ptr<Key> key);
  std::unique_ptr<Key> key_;
};

bool verify(const PublicKey& key, ByteView message, const Signature& signature);

Bytes random_bytes(std::size_t count);  // for keys and nonces
std::uint64_t random_number();          // for epochs: a new one at each start, since a clock may repeat itself

}  // namespace shoal::inline crypto
