// Grants: which callers the origin has let in, and until when that counts. In memory only: after a restart the origin is
// asked again. A caller's key is a keyed hash of registry, repository and credential, never the credential itself.
//
// Threads: the loop.
#pragma once

#include <optional>

#include "agent/access/caller.hpp"
#include "agent/access/keyed_hash.hpp"
#include "shared/core/bounded_table.hpp"
#include "shared/core/clock.hpp"

namespace shoal::agent::access {

class Grants {
 public:
  static constexpr std::size_t most = 16'384;         // about 3 MiB; the one that was given longest ago is removed
  static constexpr std::size_t most_refusals = 1'024;  // a refusal has some kilobytes
  static constexpr Milliseconds refusal_life{2'000};  // so that retries of a wrong password lock no account

  // The name of a caller in tables of this process.
  Hash256 key_of(const Caller& caller) const;
  // 16 hexadecimal digits; empty without a credential.
  std::string credential_hash(const Secret& authorization) const;

  void give(const Caller& caller, Time until);
  void take_back(const Caller& caller) { grants_.remove(key_of(caller)); }
  // With `grace`, also a grant that has ended no longer ago than that.
  bool has(const Caller& caller, Time now, Milliseconds grace = Milliseconds::zero()) const;
  std::size_t live(Time now) const;

  // A refusal of a caller with a credential; of others nothing is remembered. Its body counts up to some kilobytes.
  void refuse(const Caller& caller, origin::Answer refusal, Time now);
  const origin::Answer* refusal_of(const Caller& caller, Time now) const;

 private:
  struct Refusal {
    origin::Answer answer;
    Time until;
  };
  KeyedHash hash_;
  BoundedTable<Hash256, Time, FirstBytes> grants_{most};  // until when
  BoundedTable<Hash256, Refusal, FirstBytes> refusals_{most_refusals};
};

// When a bearer token that is a JSON web token ends (RFC 7519 section 4.1.4): its `exp`, seconds since 1970. Nothing for
// any other credential. The signature is not checked: what a caller makes up only shortens its own grant.
std::optional<std::chrono::seconds> token_end(const Secret& authorization);

// How long a grant to the credential counts: no longer than its token lives, of which `date` is the present, since 1970.
Milliseconds grant_life(const Secret& authorization, Milliseconds longest, std::chrono::seconds date);

}  // namespace shoal::agent::access
