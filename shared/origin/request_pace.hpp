// RequestPace: how fast one host may be asked, learned from its answers 429 and 503. Without such an answer there is no
// pace. Pure: time and chance are given.
//
// A refusal for its limit starts a pause: the host's Retry-After, else one of our own. The rate after it comes from what
// the host let through before: as many requests as in a time of that length, and a tenth less. Each later refusal
// measures anew, down to half. The rate grows slowly, so that a queue is not stopped by a refusal again and again; after
// half a minute without one it doubles every 5 s, and soon there is none.
// Threads: the loop.
#pragma once

#include <deque>
#include <optional>
#include <random>

#include "shared/core/clock.hpp"

namespace shoal::origin {

class RequestPace {
 public:
  explicit RequestPace(std::minstd_rand& random) : random_(random) {}

  bool is_limited() const { return limit_.has_value(); }
  // When the next request may leave; the present when there is no limit.
  Time next(Time now) const;
  // When a request may leave that has `ahead` others before it, if all goes as it does now.
  Time expected(Time now, std::size_t ahead) const;

  void note_sent(Time now);  // the next request leaves
  void note_accepted(Time now, Time sent);  // an answer that is no refusal for the host's limit
  void note_lost(Time sent);  // no answer at all: it says nothing
  // 429, or 503, to a request that left at `sent`. `retry_after`: 0 when the host named no time. False for a failure that
  // is none of a limit: a 503 without a time of a host that has not let many requests through.
  bool note_refused(Time now, Time sent, unsigned status, Milliseconds retry_after);

  Time last_accepted() const { return last_accepted_; }
  // Of the first refusal since the last request that was let through; none while requests are let through.
  std::optional<Time> refusing_since() const { return refusing_since_; }
  double requests_per_second() const { return limit_ ? limit_->per_second : 0; }
  Time last_sent() const { return sent_.empty() ? Time{} : sent_.back(); }

 private:
  struct Limit {
    Time refused_at;
    Milliseconds window;      // over which what was let through is counted
    Time next;                // a request may leave then
    double per_second = 0;    // 0: not measured yet
    bool is_measured = false; // since the last refusal
    bool is_sure = false;     // the rate was reached, so that the host's limit is known
    std::optional<Time> resumed_at{};  // the first request after the last pause left then
    Time grown_at;
    int refusals = 0;         // in a row, nothing let through between them
  };
  Milliseconds own_pause(unsigned status, int refusals) const;
  std::size_t let_through(Time since) const;
  static double lowered(double per_second, std::size_t count, double seconds);
  void measure(Time now);
  void grow(Time now);
  void remove(Time sent);
  double chance();  // 0 to 1

  std::minstd_rand& random_;
  std::deque<Time> sent_;  // those that were let through or have no answer yet
  std::optional<Limit> limit_;
  Time last_accepted_{};
  std::optional<Time> refusing_since_;
};

}  // namespace shoal::origin
