// LastKnown: which digest each tag had when the origin was last able to say, for `stale_if_error`. In memory only.
//
// Whoever asks finds only what was resolved for the same credential: the key holds a keyed hash of it, never itself.
// Threads: the loop.
#pragma once

#include <list>
#include <optional>
#include <string>
#include <unordered_map>

#include "shared/core/clock.hpp"
#include "shared/core/digest.hpp"
#include "shared/origin/origin.hpp"

namespace shoal::agent::registry {

struct TagQuestion {
  origin::Repository repository;
  std::string tag;
  std::string accept;
  std::string authorization;
};

struct Resolved {
  Digest digest;
  std::uint64_t size_bytes = 0;
  std::string content_type;
};

class LastKnown {
 public:
  LastKnown();
  void remember(const TagQuestion& question, Resolved resolved, Time now);
  void forget(const TagQuestion& question);
  // Nothing when it was never resolved, or longer ago than `limit`.
  std::optional<Resolved> find(const TagQuestion& question, Time now, Milliseconds limit) const;
  std::size_t size() const { return entries_.size(); }

  static constexpr std::size_t most = 4'096;  // about 2 MiB; what was resolved longest ago is forgotten

 private:
  struct Entry {
    Resolved resolved;
    Time at;
    std::list<std::string>::iterator place;
  };
  std::string key_of(const TagQuestion& question) const;

  Bytes secret_;
  std::unordered_map<std::string, Entry> entries_;
  std::list<std::string> by_age_;
};

}  // namespace shoal::agent::registry
