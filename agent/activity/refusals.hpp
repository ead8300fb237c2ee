// Refusals: which refusals of the endpoint are told, and when. A client that asks again and again fills no disk.
//
// The first refusal of a caller, repository and verdict is told at once; those of the next minute are counted and told in
// one line at its end. A 401 to a request without a credential is how a client learns which one to bring: it is told only
// if the same client is not served from that repository within 30 s.
// Threads: the loop.
#pragma once

#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "agent/activity/caller.hpp"
#include "shared/core/clock.hpp"
#include "shared/core/digest.hpp"

namespace shoal::agent::activity {

struct Refused {
  std::string repository;        // "registry.example.com/app"
  std::string image;             // with its tag, if it was asked for by one
  std::optional<Digest> digest;  // if it was asked for by one
  Caller caller;
  unsigned status = 0;  // of the answer
  Time at;
};

struct ToldRefusal {
  std::optional<Refused> refused;  // the last one; nothing: of callers beyond the table's bound, whoever they are
  std::uint64_t times = 0;
};

// By the answer's status: "refused" by the origin or by us, "not_found", "limited", "unavailable".
const char* verdict_of(unsigned status);

class Refusals {
 public:
  // At once: a node's pods have fewer repositories. With it a minute has 512 lines of refusals at most.
  static constexpr std::size_t most = 256;
  static constexpr Milliseconds window{60'000};
  static constexpr Milliseconds challenge_window{30'000};  // a client asks the token server meanwhile

  // What is to be told now.
  std::vector<ToldRefusal> note(Refused refused);
  std::vector<ToldRefusal> due(Time now);
  // Counted and not told yet, at the end of the process.
  std::vector<ToldRefusal> rest();
  // The caller is served from that repository: its challenges were no refusals.
  void serve(const std::string& repository, const Caller& caller);

  bool empty() const { return entries_.empty() && others_ == 0; }

 private:
  struct Entry {
    Refused last;
    Time began;               // of the window
    std::uint64_t times = 0;  // not told yet
    bool is_challenge = false;
  };
  std::unordered_map<std::string, Entry> entries_;
  std::uint64_t others_ = 0;
  Time others_began_{};
};

}  // namespace shoal::agent::activity
