// Pings: what registries answer at `/v2/`, asked once for each where a credential is configured. A registry that serves
// some repositories to anybody names its scheme there only, and answers 404 or 403 for the others.
// Source: distribution-spec, "Determining Support"; docker asks the same before each pull.
//
// Threads: the loop.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "shared/core/clock.hpp"
#include "shared/origin/challenge.hpp"
#include "shared/origin/hosts.hpp"
#include "shared/origin/in_flight.hpp"
#include "shared/origin/places.hpp"

namespace shoal::origin {

struct Ping {
  std::vector<Challenge> challenges;
  bool asks = false;  // for an authorization: the answer is 401
  http::Reach reach = http::Reach::everywhere;  // of the registry's address
};

class Pings {
 public:
  Pings(Clock& clock, Hosts& hosts, const Options& options) : clock_(clock), hosts_(hosts), options_(options) {}

  // The last answer of the registry, which is asked when there is none. Without challenges when it does not answer.
  Task<Ping> find_or_ask(Place place);
  // The last answer; null when the registry has not been asked.
  const Ping* find(const std::string& upstream) const;
  // A registry has answered a request with this: its scheme may have changed.
  void store(const std::string& upstream, Ping ping);
  void remove(const std::string& upstream) { answers_.erase(upstream); }

 private:
  struct Answer {
    Ping ping;
    Time until;
  };
  Task<Ping> ask(Place place, Milliseconds* lifetime);

  Clock& clock_;
  Hosts& hosts_;
  const Options& options_;
  std::map<std::string, Answer> answers_;  // by upstream; at most one for each that is configured
  InFlight<Ping> asked_;
};

}  // namespace shoal::origin
