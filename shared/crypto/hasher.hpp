// Hasher: incremental SHA-256 and SHA-512 over OpenSSL, and HMAC-SHA-256.
//
// Threads: any, one at a time for each object.
#pragma once

#include <array>
#include <memory>

#include "shared/core/bytes.hpp"
#include "shared/core/digest.hpp"

namespace shoal::inline crypto {

using Hash256 = std::array<std::byte, 32>;

class Hasher {
 public:
  explicit Hasher(DigestAlgorithm algorithm);
  ~Hasher();
  Hasher(Hasher&&) noexcept;
  Hasher& operator=(Hasher&&) noexcept;

  void update(ByteView bytes);
  Digest finish();  // once; the hasher is then empty and starts over

 private:
  struct State;
  std::unique_ptr<State> state_;
  DigestAlgorithm algorithm_;
};

Hash256 sha256(ByteView bytes);
Hash256 hmac_sha256(ByteView key, ByteView message);
Digest digest_of(DigestAlgorithm algorithm, ByteView bytes);

// Takes the same time for all arguments of one length: for secrets.
bool equal_in_constant_time(ByteView a, ByteView b);

}  // namespace shoal::inline crypto
