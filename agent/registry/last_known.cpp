#include "agent/registry/last_known.hpp"

#include "shared/crypto/hasher.hpp"
#include "shared/crypto/signing.hpp"

namespace shoal::agent::registry {

LastKnown::LastKnown() : secret_(random_bytes(32)) {}

// A hash of fixed length: the parts come from outside and may be long. No part has a line break in it.
std::string LastKnown::key_of(const TagQuestion& question) const {
  const Secret all = Secret::of({question.repository.upstream, "\n", question.repository.name, "\n", question.tag, "\n",
                                 question.accept, "\n", question.authorization.reveal()});
  const Hash256 hash = hmac_sha256(secret_, bytes_of(all.reveal()));
  return std::string(text_of(hash));
}

void LastKnown::remember(const TagQuestion& question, Resolved resolved, Time now) {
  entries_.put(key_of(question), {std::move(resolved), now});
}

void LastKnown::remove(const TagQuestion& question) {
  entries_.remove(key_of(question));
}

std::optional<Resolved> LastKnown::find(const TagQuestion& question, Time now, Milliseconds limit) const {
  const Entry* const entry = entries_.find(key_of(question));
  if (entry == nullptr || now - entry->at > limit) return std::nullopt;
  return entry->resolved;
}

}  // namespace shoal::agent::registry
