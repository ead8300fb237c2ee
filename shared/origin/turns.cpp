#include "shared/origin/turns.hpp"

#include <algorithm>

namespace shoal::origin {
namespace {

constexpr std::size_t most_hosts = 1'024;  // `allow`, redirects and callers' authorizations name more than are configured
constexpr std::uint64_t layer_every = 4;   // turns: many questions must not stop the layers

Milliseconds until(Time now, Time due) {
  return std::max(Milliseconds(0), std::chrono::ceil<Milliseconds>(due - now));
}

tl::unexpected<Error> too_long(const std::string& host, const std::string& what, Milliseconds left) {
  // At least a millisecond: 0 would mean that the host named no time.
  return tl::unexpected<Error>(
      Error{ErrorKind::unavailable, host + " limits its requests: " + what, std::max(left, Milliseconds(1))});
}

}  // namespace

Turns::Host& Turns::host_of(const std::string& name) {
  const auto known = hosts_.find(name);
  if (known != hosts_.end()) return known->second;
  if (hosts_.size() >= most_hosts) {
    // The one that was asked longest ago. One that has requests waiting is asked again and again.
    auto oldest = hosts_.end();
    for (auto each = hosts_.begin(); each != hosts_.end(); ++each) {
      if (count(each->second) > 0) continue;
      const bool is_older = oldest == hosts_.end() || each->second.pace.last_sent() < oldest->second.pace.last_sent();
      if (is_older) oldest = each;
    }
    if (oldest != hosts_.end()) hosts_.erase(oldest);
  }
  return hosts_.try_emplace(name, random_).first->second;
}

Task<Result<Time>> Turns::wait(Place place) {
  Host& host = host_of(place.host);  // stays while requests wait for it
  if (!host.pace.is_limited()) {
    const Time sent = clock_.now();  // read once: the pace knows the request by it
    host.pace.note_sent(sent);
    co_return sent;
  }
  if (const auto refused = refusal(host, place)) co_return tl::unexpected(*refused);
  const auto executor = co_await asio::this_coro::executor;
  const auto timer = std::make_shared<asio::steady_timer>(executor);
  Waiting& line = host.lines[static_cast<std::size_t>(place.line)];
  line.emplace(place.number, timer);
  ++waiting_;
  Time now = clock_.now();
  bool is_turn = host.pace.next(now) <= now && count(host) == 1;
  for (; !is_turn && now < give_up(host, place); now = clock_.now()) {
    const Clock::Timer* const first = front(host);
    const bool is_first = first != nullptr && *first == timer;
    const Time due = is_first ? host.pace.next(now) : give_up(host, place);
    is_turn = is_first && due <= now;
    if (!is_turn) co_await sleep_until(timer, std::min(due, give_up(host, place)));
  }
  line.erase(place.number);
  --waiting_;
  if (is_turn) {
    ++host.turns;
    host.pace.note_sent(now);
  }
  wake_front(host);
  if (!is_turn) co_return too_long(place.host, "no turn in time", until(now, host.pace.next(now)));
  co_return now;
}

// At the door: a wait that would end without a turn is not begun.
std::optional<Error> Turns::refusal(const Host& host, const Place& place) const {
  const Time now = clock_.now();
  const Milliseconds pause = until(now, host.pace.next(now));
  const auto left = [&] { return std::to_string(pause.count()) + " ms"; };
  if (pause > limits_.standstill) return too_long(place.host, "not asked again for another " + left(), pause).value();
  if (waiting_ >= limits_.waiting) return too_long(place.host, "too many requests wait for it", pause).value();
  std::size_t ahead = host.lines[0].size();
  if (place.line == Line::layer) {
    const auto& layers = host.lines[1];
    ahead += static_cast<std::size_t>(std::distance(layers.begin(), layers.lower_bound(place.number)));
  }
  const Time expected = host.pace.expected(now, ahead);
  const bool is_in_time = expected <= place.give_up && host.pace.next(now) <= give_up(host, place);
  const bool is_probe = count(host) == 0 && pause == Milliseconds::zero();  // of a host that has let nothing through for long
  if (is_in_time || is_probe) return std::nullopt;
  return too_long(place.host, "the turn would come too late", until(now, expected)).value();
}

// A queue that moves is waited for as long as the request may wait, one that stands still not for so long.
Time Turns::give_up(const Host& host, const Place& place) const {
  const Time moved = host.pace.refusing_since().value_or(std::max(host.pace.last_accepted(), place.began));
  return std::min<Time>(moved + limits_.standstill + Milliseconds(500), place.give_up);
}

std::size_t Turns::count(const Host& host) {
  return host.lines[0].size() + host.lines[1].size();
}

const Clock::Timer* Turns::front(const Host& host) {
  const auto& [questions, layers] = host.lines;
  const bool layer_first = questions.empty() || host.turns % layer_every == layer_every - 1;
  const Waiting& line = layer_first && !layers.empty() ? layers : questions;
  return line.empty() ? nullptr : &line.begin()->second;
}

void Turns::wake_front(Host& host) {
  const Clock::Timer* const first = front(host);
  if (first != nullptr) (*first)->cancel();
}

Task<void> Turns::sleep_until(Clock::Timer timer, Time due) {
  clock_.set(timer, until(clock_.now(), due));
  IoError ignored;
  co_await timer->async_wait(into(ignored));
}

void Turns::note_accepted(const Place& place) {
  host_of(place.host).pace.note_accepted(clock_.now(), place.sent);
}

void Turns::note_lost(const Place& place) {
  host_of(place.host).pace.note_lost(place.sent);
}

bool Turns::note_refused(const Place& place, unsigned status, Milliseconds retry_after) {
  Host& host = host_of(place.host);
  const Time now = clock_.now();
  if (!host.pace.note_refused(now, place.sent, status, retry_after)) return false;
  wake_front(host);  // the pause may be over later than the front waits for; it looks again
  return host.pace.next(now) <= give_up(host, place);
}

bool Turns::is_limited(const std::string& host) const {
  const auto known = hosts_.find(host);
  return known != hosts_.end() && known->second.pace.is_limited();
}

bool Turns::has_accepted(const std::string& host) const {
  const auto known = hosts_.find(host);
  return known != hosts_.end() && known->second.pace.last_accepted() != Time{};
}

double Turns::requests_per_second(const std::string& host) const {
  const auto known = hosts_.find(host);
  return known == hosts_.end() ? 0 : known->second.pace.requests_per_second();
}

}  // namespace shoal::origin
