// Provenance: which registries the bytes of a download come from. Callers of a registry may have what it alone has sent,
// while it arrives; of all else it has to prove that it has the layer (possession.hpp). Pure.
//
// Threads: the loop.
#pragma once

#include <string>
#include <vector>

namespace shoal::agent::pull {

class Provenance {
 public:
  // Pieces come, or came, from this registry: directly, or through the cluster, which knows it. Empty: nobody knows whose.
  void note(const std::string& upstream);
  // Directly: before the digest matches they are served to its own callers alone.
  void note_direct(const std::string& upstream);

  // Every byte that is there, and comes now, is the registry's own.
  bool are_all_of(const std::string& upstream) const { return sole() == upstream && !upstream.empty(); }
  // The only registry; empty when there are several, or nobody knows.
  const std::string& sole() const;
  bool any_direct() const { return !direct_.empty(); }
  bool is_direct_of(const std::string& upstream) const;         // it has sent some directly
  bool is_direct_of_another(const std::string& upstream) const;  // another one has

 private:
  std::vector<std::string> all_;  // at most as many as askers, and the unknown one
  std::vector<std::string> direct_;
};

}  // namespace shoal::agent::pull
