#include "shared/origin/request_pace.hpp"

#include <algorithm>
#include <cmath>

#include "shared/origin/backoff.hpp"

namespace shoal::origin {
namespace {

using Seconds = std::chrono::duration<double>;

constexpr std::size_t most_counted = 256;       // requests; a host that lets more through in a second needs no pace
constexpr Milliseconds shortest_window{1'000};  // most limits are counted by the second
constexpr Milliseconds longest_window{60'000};  // the longest Retry-After that is believed
constexpr std::size_t many = 8;           // so many let through show a limit; fewer may be all that was wanted
constexpr double first_per_second = 8;    // of a host whose limit is not known: it doubles each second
constexpr double share = 0.9;             // of what was let through: a pause costs more than the tenth
constexpr double share_of_found = 0.85;   // of the rate at which the first limit was met: it was growing fast
constexpr double share_soon = 0.7;        // of a rate that is refused soon after a pause
constexpr double growth_per_second = 1.003;     // from `share` to the limit in 35 s
constexpr Milliseconds hold{30'000};            // then the limit is another one, and is looked for
constexpr double doubled_in_seconds = 5;
constexpr double least_per_second = 1.0 / 60;   // as slow as the longest Retry-After
constexpr double most_per_second = 1'000;       // no limit any more
constexpr Milliseconds longest_jitter{500};     // several programs ask one host after the same pause

Time after(Time from, double seconds) {
  return from + std::chrono::duration_cast<Time::duration>(Seconds(seconds));
}

}  // namespace

double RequestPace::chance() {
  return static_cast<double>(random_() - std::minstd_rand::min()) /
         static_cast<double>(std::minstd_rand::max() - std::minstd_rand::min());
}

Time RequestPace::next(Time now) const {
  return limit_ ? std::max(limit_->next, now) : now;
}

Time RequestPace::expected(Time now, std::size_t ahead) const {
  if (!limit_) return now;
  const double per_second = limit_->per_second > 0 ? limit_->per_second : first_per_second;
  return after(next(now), static_cast<double>(ahead) / per_second);
}

void RequestPace::note_sent(Time now) {
  if (limit_ && !limit_->is_measured) measure(now);
  if (limit_) grow(now);
  sent_.push_back(now);
  while (sent_.size() > most_counted || now - sent_.front() > longest_window) sent_.pop_front();
  if (!limit_) return;
  // From place to place and not from now, so that a late timer does not lower the rate. Each leaves a twentieth early or
  // late: `share` leaves as much to a host that looks at each single interval.
  const double interval = 1 / limit_->per_second;
  const Time place = std::max(limit_->next, after(now, -interval / 2));
  limit_->next = after(place, interval * (0.95 + 0.1 * chance()));
}

// An answer to a request that left before a refusal does not show that the refusals are over.
void RequestPace::note_accepted(Time now, Time sent) {
  last_accepted_ = now;
  if (limit_ && sent <= limit_->refused_at) return;
  refusing_since_.reset();
  if (limit_) limit_->refusals = 0;
}

void RequestPace::note_lost(Time sent) {
  remove(sent);
}

bool RequestPace::note_refused(Time now, Time sent, unsigned status, Milliseconds retry_after) {
  remove(sent);
  const bool names_time = retry_after > Milliseconds::zero();
  // A frontend without its servers, or one that is started again, refuses a few requests: that is no limit.
  if (status == 503 && !names_time && !limit_ && let_through(now - shortest_window) < many) return false;
  if (!refusing_since_) refusing_since_ = now;
  if (limit_ && sent <= limit_->refused_at) {  // it left together with the one that was refused first
    if (names_time) limit_->next = std::max<Time>(limit_->next, now + retry_after);
    return true;
  }
  Limit limit;
  if (limit_) limit = *limit_;
  limit.refused_at = now;
  limit.is_measured = false;
  const Milliseconds pause = names_time ? retry_after : own_pause(status, ++limit.refusals);
  limit.window = std::clamp(names_time ? retry_after : shortest_window, shortest_window, longest_window);
  const double jitter = std::min(Seconds(pause).count() / 10, Seconds(longest_jitter).count()) * chance();
  limit.next = after(now + pause, jitter);
  limit_ = limit;
  return true;
}

// A 503 may be a server of several that is being started again: asked again soon, then ever later. A quota that is used up
// needs minutes or hours.
Milliseconds RequestPace::own_pause(unsigned status, int refusals) const {
  constexpr Backoff busy{Milliseconds(100), 3, Milliseconds(3'000)};
  constexpr Backoff limited{Milliseconds(1'000), 2, Milliseconds(32'000)};
  return (status == 503 ? busy : limited).after(refusals);
}

std::size_t RequestPace::let_through(Time since) const {
  return static_cast<std::size_t>(std::ranges::count_if(sent_, [since](Time sent) { return sent >= since; }));
}

// The rate after a refusal at `per_second`, when `count` requests were let through in `seconds` before.
double RequestPace::lowered(double per_second, std::size_t count, double seconds) {
  // Nothing: the pause was too short, and says little of the rate. Below the first rate only what was let through counts.
  if (count == 0) return std::max(per_second / 2, std::min(per_second, first_per_second));
  // Soon after a pause: the rate is too high, and it is not known by how much.
  if (seconds < Seconds(shortest_window).count() / 2) return per_second * share_soon;
  return std::clamp(share * static_cast<double>(count) / seconds, per_second / 2, per_second * share);
}

// When the pause is over: by then the requests that left with the refused one are answered, or were let through.
void RequestPace::measure(Time now) {
  Limit& limit = *limit_;
  const Time since = std::max(limit.refused_at - limit.window, limit.resumed_at.value_or(Time::min()));
  const std::size_t count = let_through(since);
  const double seconds = Seconds(limit.refused_at - since).count();
  const double measured = share * static_cast<double>(count) / Seconds(limit.window).count();
  if (limit.is_sure) {
    limit.per_second = lowered(limit.per_second, count, seconds);
  } else if (limit.per_second > 0) {  // it was looked for, and is found
    limit.is_sure = true;
    limit.per_second = std::max(limit.per_second * share_of_found, measured);
  } else {
    limit.is_sure = count >= many;
    limit.per_second = limit.is_sure ? measured : std::max(measured, first_per_second);
  }
  limit.per_second = std::max(limit.per_second, least_per_second);
  limit.is_measured = true;
  limit.resumed_at = limit.grown_at = now;
}

// For the time in which requests left, a second at most for each of them.
void RequestPace::grow(Time now) {
  Limit& limit = *limit_;
  const double seconds = std::min(Seconds(now - std::exchange(limit.grown_at, now)).count(), 1.0);
  double factor = growth_per_second;
  if (!limit.is_sure) factor = 2;
  if (now - limit.refused_at > hold) factor = std::pow(2.0, 1 / doubled_in_seconds);
  limit.per_second *= std::pow(factor, seconds);
  if (limit.per_second > most_per_second) limit_.reset();
}

void RequestPace::remove(Time sent) {
  const auto found = std::ranges::find(sent_, sent);
  if (found != sent_.end()) sent_.erase(found);
}

}  // namespace shoal::origin
