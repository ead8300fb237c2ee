#include "agent/activity/caller.hpp"

#include "shared/crypto/hasher.hpp"
#include "shared/crypto/signing.hpp"

namespace shoal::agent::activity {
namespace {

constexpr std::size_t hash_bytes = 8;  // as 16 digits: enough to tell the credentials of a node apart

}  // namespace

const char* text(By by) {
  if (by == By::credential) return "credential";
  return by == By::node ? "node" : "anonymous";
}

Authorities::Authorities() : key_(random_bytes(32)) {}

Authority Authorities::of(const std::string& authorization) const {
  if (authorization.empty()) return {};
  const Hash256 hash = hmac_sha256(key_, bytes_of(authorization));
  return {By::credential, hex_text(ByteView(hash).first(hash_bytes))};
}

}  // namespace shoal::agent::activity
