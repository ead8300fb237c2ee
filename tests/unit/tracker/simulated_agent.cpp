#include "tests/unit/tracker/simulated_agent.hpp"

namespace shoal::tracker {

void SimulatedAgent::live(Time now, const std::vector<Digest>& layers) {
  if (!is_connected_ && now >= back_at_) connect(now);
  if (!is_connected_) return;
  SimulatedLink& link = *links_.back();
  while (!link.inbox.empty()) {
    const control::TrackerMessage message = std::move(link.inbox.front());
    link.inbox.pop_front();
    std::visit([&](const auto& known) { on(known, now); }, message);
  }
  if (link.is_closed) return vanish(now);
  for (auto entry = wants_.begin(); entry != wants_.end();) {
    go_on(entry->first, entry->second, now);
    const bool is_over = held_.contains(entry->first) || entry->second.refusals > 3;
    entry = is_over ? wants_.erase(entry) : std::next(entry);
  }
  if (lots_.in(10)) do_something(now, layers);
}

void SimulatedAgent::connect(Time now) {
  control::Hello hello;
  hello.node = name_;
  hello.epoch = epoch_;
  hello.swarm.port = 7072;
  hello.small_layers.port = 7073;
  hello.held.assign(held_.begin(), held_.end());
  links_.push_back(std::make_unique<SimulatedLink>());
  const auto id = coordinator_.arrive(hello, address_, *links_.back());
  REQUIRE(id);
  id_ = *id;
  is_connected_ = true;
  for (auto& [digest, want] : wants_) join(digest, want, now);
}

// Sometimes the tracker hears of the old connection's end only after the new one has come.
void SimulatedAgent::vanish(Time now) {
  if (!is_connected_) return;
  is_connected_ = false;
  SimulatedLink& link = *links_.back();
  if (lots_.in(4) && !link.is_closed) connect(now);
  coordinator_.gone(id_, link);
  link.is_gone = true;
  if (is_connected_) return;
  back_at_ = now + soon(lots_.in(3) ? 40'000 : 2'000);
  if (lots_.in(2)) return;
  ++epoch_;  // it was restarted: its pulls are gone, and perhaps its disk
  wants_.clear();
  if (lots_.in(4)) held_.clear();
}

void SimulatedAgent::leave(Time now) {
  while (is_connected_) vanish(now);
}

int SimulatedAgent::messages_to_nobody() const {
  int count = 0;
  for (const auto& link : links_) count += link->messages_to_nobody;
  return count;
}

void SimulatedAgent::join(const Digest& digest, Want& want, Time now) {
  want = Want{.heard = now, .ready_at = {}, .complete_at = {}, .again_at = {}, .refusals = want.refusals};
  say(control::Join{digest, {control::LayerKind::blob, "reg", "library/alpine"}, 0, {}});
}

void SimulatedAgent::go_on(const Digest& digest, Want& want, Time now) {
  if (want.again_at && now >= *want.again_at) return join(digest, want, now);
  if (!want.is_answered && !want.again_at) {
    longest_silence = std::max(longest_silence, std::chrono::duration_cast<Milliseconds>(now - want.heard));
  }
  if (want.ready_at && now >= *want.ready_at) {
    want.ready_at.reset();
    say(control::Progress{digest, want.generation, 1, false});
  }
  if (want.complete_at && now >= *want.complete_at) {
    held_.insert(digest);
    say(control::Progress{digest, want.generation, 1, true});
  }
}

void SimulatedAgent::do_something(Time now, const std::vector<Digest>& layers) {
  const Digest digest = lots_.one_of(layers);
  switch (lots_.between(1, 12)) {
    case 1:
      return vanish(now);
    case 2:
      say(control::Leave{digest});
      wants_.erase(digest);
      return;
    case 3:
      if (held_.erase(digest) > 0) say(control::Lost{{digest}});
      return;
    case 4:
      return talk_nonsense(digest);
    default:
      if (held_.contains(digest) || wants_.contains(digest)) return;
      return join(digest, wants_[digest], now);
  }
}

void SimulatedAgent::talk_nonsense(const Digest& digest) {
  const auto any = static_cast<std::uint32_t>(lots_.between(0, 3));
  const std::string other = "node" + std::to_string(lots_.between(1, 9));
  say(control::RequestHashes{digest, any, any * 1'000});
  say(control::Blame{digest, any, any, other, "10.0.0." + std::to_string(lots_.between(1, 9))});
  if (lots_.in(2)) say(control::Progress{digest, any, any, false});
  if (lots_.in(8)) say(control::Hello{});  // a second one: the connection ends
}

void SimulatedAgent::on(const control::Joined& joined, Time now) {
  const auto found = wants_.find(joined.digest);
  if (found == wants_.end()) return say(control::Leave{joined.digest});
  Want& want = found->second;
  want.is_answered = true;
  want.generation = joined.generation;
  if (joined.holders.empty()) want.ready_at = now + soon(500);
  want.complete_at = now + soon(10'000);
}

void SimulatedAgent::on(const control::Refused& refused, Time now) {
  const auto found = wants_.find(refused.digest);
  if (found == wants_.end()) return;
  ++found->second.refusals;
  found->second.complete_at.reset();
  found->second.ready_at.reset();
  found->second.again_at = now + Milliseconds(refused.retry_after_ms) + soon(4'000);
}

void SimulatedAgent::on(const control::Restart& restart, Time now) {
  const auto found = wants_.find(restart.digest);
  if (found != wants_.end()) join(restart.digest, found->second, now);
}

void SimulatedAgent::on(const control::Waiting& waiting, Time now) {
  const auto found = wants_.find(waiting.digest);
  if (found != wants_.end()) found->second.heard = now;
}

void SimulatedAgent::on(const control::Serve& serve, Time) {
  if (held_.contains(serve.digest)) {
    say(control::Progress{serve.digest, serve.generation, 1, true});
  } else {
    say(control::Lost{{serve.digest}});
  }
}

void SimulatedAgent::on(const control::Peers& peers, Time) {
  for (const control::Endpoint& peer : peers.peers) {
    CHECK(peer.node != name_);
    CHECK(peer.port != 0);
  }
}

}  // namespace shoal::tracker
