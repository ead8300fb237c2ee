// LastKnown: which digest each tag had when the origin was last able to say, for `stale_if_error`. In memory only.
//
// A caller finds only digests that were resolved for the same credential. The key has a keyed hash of the credential,
// never the credential itself.
// Threads: the loop.
#pragma once

#include <optional>
#include <string>

#include "shared/core/bounded_table.hpp"
#include "shared/core/clock.hpp"
#include "shared/core/digest.hpp"
#include "shared/origin/origin.hpp"

namespace shoal::agent::registry {

struct TagQuestion {
  origin::Repository repository;
  std::string tag;
  std::string accept;
  Secret authorization;
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
  void remove(const TagQuestion& question);
  // Nothing when the tag was never resolved, or longer ago than `limit`.
  std::optional<Resolved> find(const TagQuestion& question, Time now, Milliseconds limit) const;
  std::size_t size() const { return entries_.size(); }

  static constexpr std::size_t most = 4'096;  // about 2 MiB; the tag that was resolved longest ago is removed

 private:
  struct Entry {
    Resolved resolved;
    Time at;
  };
  std::string key_of(const TagQuestion& question) const;

  Bytes secret_;
  BoundedTable<std::string, Entry> entries_{most};
};

}  // namespace shoal::agent::registry
