// Credentials: the credential that is configured for a registry, from files that are read when it is asked for, or from
// a helper, whose answer is kept. What fails is told here, once, and counted.
//
// A helper's answer is kept until the registry refuses it, for 6 h at most: half of what Amazon's last, and a program that
// gives them renews them by then. One run at a time for each helper and registry; a failure, and an answer that was
// refused at once, are kept for 10 s, so that no rollout starts a program for each layer.
// Threads: the loop; helpers run on two threads of their own, which end with the loop.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "shared/core/clock.hpp"
#include "shared/origin/auth_file.hpp"
#include "shared/origin/metrics.hpp"
#include "shared/origin/upstreams.hpp"

namespace shoal::origin {

class Credentials {
 public:
  static constexpr Milliseconds longest_kept{6 * 3'600'000};
  static constexpr Milliseconds shortest_kept{10'000};

  Credentials(Clock& clock, Metrics& metrics) : clock_(clock), metrics_(metrics) {}

  // The credential for a repository, by the name that the registry has for it (repository_at); nothing when none is
  // configured, or the file names none. `refused` with the next step when a file cannot be used, `unavailable` when a
  // helper fails.
  Task<Result<std::optional<Credential>>> find(Target target, std::string repository);

  // The registry has refused, with any status, what `find` gave: a helper's answer is not kept any longer.
  void drop(const Target& target);

 private:
  using Answer = Result<std::optional<Credential>>;
  struct Kept {
    std::optional<Answer> answer;  // none yet while the first run is under way
    Time begin;
    Time due;
    bool is_running = false;
    std::vector<Clock::Timer> waiting;
  };

  Task<Answer> ask(Target target, Choice choice);
  Task<Answer> run(Target target, Choice choice);
  void tell(const std::string& upstream, const Error& error);

  Clock& clock_;
  Metrics& metrics_;
  std::map<std::string, Kept> kept_;  // by server and helper: as many as are configured
};

// A file, or a program, that the configuration names and that cannot be used: logged, and counted.
void tell_unreadable(Metrics& metrics, const std::string& upstream, const std::string& cause);

}  // namespace shoal::origin
