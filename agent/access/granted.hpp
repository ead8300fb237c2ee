// Granted: the right to read one layer. Only Access makes it, after what the origin said of the caller, and the door for
// other nodes, after their proof: no path to a layer's bytes can leave the check out.
//
// Threads: any; values.
#pragma once

#include <cstdint>
#include <string>

#include "shared/core/digest.hpp"
#include "shared/holder/protocol.hpp"
#include "shared/origin/origin.hpp"

namespace shoal::agent::access {

enum class By : std::uint8_t {
  anonymous,   // no credential of the caller's own: what the origin gives to all, or to the configured credential
  credential,  // the caller's own
  node,        // the upstream's mode: all who reach the port
  cluster,     // another node of the cluster, which has proven to be one
};

// By whose right; for logs.
struct Authority {
  By by = By::anonymous;
  std::string credential_hash{};  // keyed, 16 hexadecimal digits; another one after a restart; empty without a credential

  bool operator==(const Authority&) const = default;
};

class Granted {
 public:
  const Digest& digest() const { return digest_; }
  const origin::Repository& repository() const { return repository_; }  // empty for the cluster
  const Authority& authority() const { return authority_; }

  // Another node that has proven itself (holder::parse): layers travel between nodes under the cluster's own right.
  static Granted of_cluster(const holder::Question& proven) { return {proven.digest, {}, {By::cluster}}; }

 private:
  friend class Access;
  Granted(const Digest& digest, origin::Repository repository, Authority authority)
      : digest_(digest), repository_(std::move(repository)), authority_(std::move(authority)) {}

  Digest digest_;
  origin::Repository repository_;
  Authority authority_;
};

}  // namespace shoal::agent::access
