#include "agent/access/keyed_hash.hpp"

#include "shared/core/secret.hpp"
#include "shared/crypto/signing.hpp"

namespace shoal::agent::access {

KeyedHash::KeyedHash() : key_(random_bytes(32)) {}

Hash256 KeyedHash::of(std::initializer_list<std::string_view> parts) const {
  Secret all;  // a credential may be among them
  for (const std::string_view part : parts) {
    all.append(part);
    all.append("\n");
  }
  return hmac_sha256(key_, bytes_of(all.reveal()));
}

std::uint64_t KeyedHash::number_of(std::initializer_list<std::string_view> parts) const {
  return FirstBytes{}(of(parts));
}

}  // namespace shoal::agent::access
