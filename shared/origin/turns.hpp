// Turns: the requests to each host one after the other at its pace, while it limits them. A host without a limit is
// asked at once.
//
// Two lines wait for a host: questions, which are few and which all else waits for (tags, manifests, tokens), and
// layers. Each line is served in the order of its first arrival; of four turns a layer has one at least. A request that
// is refused again keeps its place.
// Threads: the loop.
#pragma once

#include <array>
#include <map>
#include <memory>
#include <string>

#include "shared/core/result.hpp"
#include "shared/origin/request_pace.hpp"

namespace shoal::origin {

enum class Line : std::uint8_t { question = 0, layer = 1 };

struct TurnLimits {
  // A host that lets nothing through for so long is not waited for, nor is a Retry-After that is longer.
  Milliseconds standstill{10'000};
  // Longest wait of a request for its turn, repetitions included.
  Milliseconds question{20'000};
  Milliseconds manifest{20'000};
  Milliseconds layer{60'000};
  std::size_t waiting = 4'096;  // of all hosts: each holds its caller's state, some kilobytes
};

class Turns {
 public:
  // Of one request, from its first wait to its answer.
  struct Place {
    std::string host;
    Line line = Line::question;
    std::uint64_t number = 0;  // the order of arrival
    Time began;
    Time give_up;
    Time sent{};  // the last time it left
  };

  Turns(Clock& clock, TurnLimits limits) : clock_(clock), limits_(limits) {}

  Place enter(std::string host, Line line, Milliseconds longest) {
    return {std::move(host), line, next_number_++, clock_.now(), clock_.now() + longest};
  }
  // Returns when the request may leave. `unavailable` with the time that is left when it would wait too long.
  Task<Result<Time>> wait(Place place);
  // How the request of `place` was answered.
  void note_accepted(const Place& place);
  void note_lost(const Place& place);
  // 429 or 503. True when the request is to wait for another turn.
  bool note_refused(const Place& place, unsigned status, Milliseconds retry_after);

  bool is_limited(const std::string& host) const;
  bool has_accepted(const std::string& host) const;  // any request, ever
  double requests_per_second(const std::string& host) const;  // 0: no limit

 private:
  using Waiting = std::map<std::uint64_t, Clock::Timer>;  // by number
  struct Host {
    explicit Host(std::minstd_rand& random) : pace(random) {}
    RequestPace pace;
    std::array<Waiting, 2> lines;
    std::uint64_t turns = 0;
  };
  Host& host_of(const std::string& name);
  std::optional<Error> refusal(const Host& host, const Place& place) const;
  Time give_up(const Host& host, const Place& place) const;
  static std::size_t count(const Host& host);  // of requests that wait
  static const Clock::Timer* front(const Host& host);
  static void wake_front(Host& host);
  Task<void> sleep_until(Clock::Timer timer, Time due);

  Clock& clock_;
  TurnLimits limits_;
  std::minstd_rand random_{std::random_device{}()};
  std::map<std::string, Host> hosts_;
  std::uint64_t next_number_ = 0;
  std::size_t waiting_ = 0;
};

}  // namespace shoal::origin
