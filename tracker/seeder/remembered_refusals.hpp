// RememberedRefusals: what sources refused a moment ago, since a thousand agents ask for the same. Each belongs to its
// source (kind, registry, repository) and to the caller whose credential it answers, or to the tracker's own question: it
// is nobody else's answer.
//
// Threads: the loop.
#pragma once

#include <map>
#include <vector>

#include "shared/core/clock.hpp"
#include "tracker/seeder/request.hpp"

namespace shoal::tracker::seeder {

class RememberedRefusals {
 public:
  static constexpr Milliseconds keep{2'000};
  static constexpr std::size_t most_layers = 4'096;
  static constexpr std::size_t most_of_layer = 32;  // sources and callers; the oldest makes room

  explicit RememberedRefusals(Clock& clock) : clock_(clock) {}

  void store(const SeedRequest& request, const Refusal& refusal);
  const Refusal* find(const SeedRequest& request) const;  // until the next `store` or `tick`; null: none
  void tick();                                            // each second: removes old ones
  std::size_t layers() const { return layers_.size(); }

 private:
  struct Remembered {
    SeedRequest request;           // without its authorization
    std::optional<Digest> caller;  // of the authorization; none: the tracker asked for itself
    Refusal refusal;
    Time at;
  };

  Clock& clock_;
  std::map<Digest, std::vector<Remembered>> layers_;
};

}  // namespace shoal::tracker::seeder
