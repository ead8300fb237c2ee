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
  remove(question);
  std::string key = key_of(question);
  by_age_.push_back(key);
  entries_.emplace(std::move(key), Entry{std::move(resolved), now, std::prev(by_age_.end())});
  if (entries_.size() <= most) return;
  entries_.erase(by_age_.front());
  by_age_.pop_front();
}

void LastKnown::remove(const TagQuestion& question) {
  const auto entry = entries_.find(key_of(question));
  if (entry == entries_.end()) return;
  by_age_.erase(entry->second.place);
  entries_.erase(entry);
}

std::optional<Resolved> LastKnown::find(const TagQuestion& question, Time now, Milliseconds limit) const {
  const auto entry = entries_.find(key_of(question));
  if (entry == entries_.end() || now - entry->second.at > limit) return std::nullopt;
  return entry->second.resolved;
}

}  // namespace shoal::agent::registry
