// Reach: the hosts that could not be reached lately, each with its cause. The first request pays for it; the next ones
// fail at once, for 5 s, then for twice as long each time, up to a minute. One request after each such time is let
// through, to see whether the host is back; a success clears it.
//
// Threads: the loop.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "shared/core/clock.hpp"
#include "shared/core/result.hpp"

namespace shoal::origin {

class Reach {
 public:
  // A registry that is started again is back within seconds. A minute bounds how late it is noticed.
  static constexpr Milliseconds shortest{5'000};
  static constexpr Milliseconds longest{60'000};
  // A probe that has not ended by then has been forgotten: more than a request's connection and head take.
  static constexpr Milliseconds probe_limit{20'000};

  explicit Reach(Clock& clock) : clock_(clock) {}

  // The cause, while the host is not to be asked. A host whose time is over may be asked; nothing is changed.
  std::optional<Error> find(const std::string& host) const;
  // The same for a request that is about to be made: the one that finds a host's time over becomes its probe.
  std::optional<Error> pass(const std::string& host);

  std::optional<Error> cause(const std::string& host) const;  // of the last failure, also when its time is over
  // How a request ended. False when it says nothing new.
  bool note_failure(const std::string& host, const Error& cause);
  bool note_success(const std::string& host) { return unreached_.erase(host) > 0; }
  Milliseconds pause(const std::string& host) const;  // before the next probe, from the last failure on; 0: none

 private:
  struct Unreached {
    Error cause;
    Milliseconds pause;
    Time until;
    std::optional<Time> probed_at{};
  };
  bool is_blocked(const Unreached& host) const;

  Clock& clock_;
  std::map<std::string, Unreached> unreached_;
};

}  // namespace shoal::origin
