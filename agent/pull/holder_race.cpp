#include "agent/pull/holder_race.hpp"

#include "shared/crypto/hasher.hpp"

namespace shoal::agent::pull {
namespace {

// Without an event: a request ends by limits of its own (shared/holder/limits.hpp).
constexpr Milliseconds no_hedge{60'000};

}  // namespace

HolderRace::HolderRace(Surroundings surroundings, Layer layer, std::vector<HolderCandidate> candidates)
    : around_(std::move(surroundings)), layer_(std::move(layer)), changed_(around_.loop) {
  const Time now = around_.clock.now();
  // The tracker's own link is up: whatever failed there is not the node.
  const auto is_good = [&](const HolderCandidate& each) {
    return each.is_tracker || !around_.memory.avoids(each.node, now);
  };
  std::stable_partition(candidates.begin(), candidates.end(), is_good);
  const auto tracker = std::ranges::find_if(candidates, &HolderCandidate::is_tracker);
  const auto latest = candidates.begin() + static_cast<std::ptrdiff_t>(std::min(tracker_by, candidates.size()));
  if (tracker != candidates.end() && tracker > latest) std::rotate(latest, tracker, tracker + 1);
  for (HolderCandidate& candidate : candidates) entries_.push_back({.candidate = std::move(candidate)});
}

Task<Result<Bytes>> HolderRace::run(std::shared_ptr<HolderRace> race) {
  Time hedge_at{};
  Milliseconds pause = race->around_.memory.hedge_after();  // doubled each time: what is slow is the network then
  while (!race->is_won_) {
    const Time now = race->around_.clock.now();
    const auto next = race->next();
    const bool must = race->under_way_ == 0 || race->unreplaced_ > 0;
    const bool may_hedge = next && race->under_way_ < most_at_once;
    if (!next && race->under_way_ == 0) co_return fail(ErrorKind::unavailable, race->cause_);
    if (may_hedge && (must || now >= hedge_at)) {
      race->start(*next, !must);
      hedge_at = now + pause;
      pause *= 2;
      continue;
    }
    const Milliseconds wait = may_hedge ? std::chrono::ceil<Milliseconds>(hedge_at - now) : no_hedge;
    co_await race->changed_.wait_for(race->around_.clock, wait);
  }
  co_return std::move(race->bytes_);
}

// One that was not asked; when there is none, the one that was busy least often: the pause doubles each time.
std::optional<std::size_t> HolderRace::next() const {
  std::optional<std::size_t> busy;
  for (std::size_t i = 0; i < entries_.size(); ++i) {
    const Entry& entry = entries_[i];
    if (entry.state == State::fresh) return i;
    if (entry.state != State::busy) continue;
    if (!busy || entry.times_busy < entries_[*busy].times_busy) busy = i;
  }
  return busy;
}

void HolderRace::start(std::size_t index, bool is_hedged) {
  Entry& entry = entries_[index];
  entry.state = State::asked;
  entry.asked_at = around_.clock.now();
  entry.received_bytes = 0;
  entry.speed.begin(entry.asked_at);
  ++under_way_;
  if (is_hedged) around_.metrics.holders.hedged_requests.add();
  if (!is_hedged && unreplaced_ > 0) --unreplaced_;
  spawn(around_.loop, ask(shared_from_this(), index, is_hedged));
}

Task<void> HolderRace::ask(std::shared_ptr<HolderRace> race, std::size_t index, bool is_hedged) {
  auto request = holder::small_request(race->entries_[index].candidate.node, race->layer_.key, race->layer_.digest,
                                       race->layer_.size);
  if (is_hedged) request = holder::hedged(std::move(request));
  Outcome outcome = co_await race->fetch(index, std::move(request));
  // Only a hedged request is refused because a node is busy.
  if (outcome.verdict == Verdict::busy && !is_hedged) outcome.verdict = Verdict::absent;
  race->end(race->entries_[index], std::move(outcome));
}

Task<HolderRace::Outcome> HolderRace::fetch(std::size_t index, http::ClientRequest request) {
  auto response = co_await http::request(around_.clock, std::move(request));
  if (!response) co_return Outcome{Verdict::failed, {}, response.error().what};
  const unsigned status = (*response)->status();
  if (status == 503) co_return Outcome{Verdict::busy, {}, "busy"};
  if (status != 200) co_return Outcome{Verdict::absent, {}, "status " + std::to_string(status)};
  entries_[index].response = response->get();
  entries_[index].is_arriving = holder::is_arriving(**response);
  Outcome outcome = co_await read(index, **response);
  entries_[index].response = nullptr;
  co_return outcome;
}

// The bytes are checked against the digest, so any node may be asked. The size is the tracker's message alone: with
// another one the layer's file would never be full.
Task<HolderRace::Outcome> HolderRace::read(std::size_t index, http::ClientResponse& response) {
  Bytes body;
  while (!is_won_) {
    const auto part = co_await response.next();
    if (!part) co_return entries_[index].broken_off(part.error().what);
    if (part->empty()) break;
    entries_[index].received_bytes += part->size();
    if (since_asked(entries_[index]) >= link::Traffic::slow) around_.traffic.note(around_.clock.now());
    entries_[index].speed.note(entries_[index].received_bytes, around_.clock.now());
    if (body.size() + part->size() > layer_.size.value) co_return Outcome{Verdict::wrong, {}, "too many bytes"};
    body.insert(body.end(), part->begin(), part->end());
  }
  const bool is_right = body.size() == layer_.size.value &&
                        digest_of(layer_.digest.algorithm(), body) == layer_.digest;
  if (!is_right) co_return Outcome{Verdict::wrong, {}, "its bytes are not those of the layer"};
  co_return Outcome{Verdict::right, std::move(body), {}};
}

// A node that waits for the layer itself, and does not get it, is not to blame.
HolderRace::Outcome HolderRace::Entry::broken_off(std::string cause) const {
  const bool still_waits = is_arriving && received_bytes == 0;
  return {still_waits ? Verdict::absent : Verdict::failed, {}, std::move(cause)};
}

void HolderRace::end(Entry& entry, Outcome outcome) {
  --under_way_;
  const bool is_busy = outcome.verdict == Verdict::busy;
  entry.state = is_busy ? State::busy : State::over;
  if (is_busy) ++entry.times_busy;
  if (is_won_) {  // what a request that was cancelled says means nothing
    if (outcome.verdict == Verdict::failed && !entry.is_cancelled) fail_entry(entry, outcome.cause);
    return;
  }
  if (outcome.verdict == Verdict::right) return win(entry, std::move(outcome.bytes));
  cause_ = "the node " + entry.candidate.node.host + " did not send the layer: " + outcome.cause;
  if (outcome.verdict == Verdict::failed || outcome.verdict == Verdict::wrong) fail_entry(entry, outcome.cause);
  if (!is_busy) ++unreplaced_;
  changed_.notify();
}

void HolderRace::win(Entry& entry, Bytes bytes) {
  is_won_ = true;
  bytes_ = std::move(bytes);
  const Milliseconds took = since_asked(entry);
  around_.memory.note_answer(entry.candidate.node, took, around_.clock.now());
  judge_losers(entry, took);
  changed_.notify();
}

// A request whose bytes flow is cancelled: its speed is known. A silent one is watched until it is clear what it is.
void HolderRace::judge_losers(const Entry& winner, Milliseconds winner_took) {
  const Time now = around_.clock.now();
  const Milliseconds many_times = winner_took * lost_to_quick_times;
  Judgement at;
  at.lost = at.lost_for_certain = std::max(lost_after, winner_took * lost_times);
  if (around_.memory.are_few_overtaken(now)) at.lost = std::min(at.lost, std::max(lost_to_quick_after, many_times));
  const bool is_quick = at.lost == lost_to_quick_after;
  at.overtaken = std::min(at.lost, std::max(overtaken_after, many_times));
  for (std::size_t i = 0; i < entries_.size(); ++i) {
    Entry& entry = entries_[i];
    if (entry.state != State::asked) continue;
    Judgement of_entry = at;
    if (entry.asked_at >= winner.asked_at) of_entry.overtaken = at.lost;
    // On links that are full bytes come in bursts: there the whole time tells more than the last moments.
    const Speed::Mark from = is_quick ? entry.speed.before : Speed::Mark{entry.asked_at, 0};
    if (const auto left = Speed::left(from, entry.received_bytes, layer_.size.value, now)) {
      judge_by_speed(entry, since_asked(entry) + *left, of_entry);
    } else {
      spawn(around_.loop, judge(shared_from_this(), i, of_entry));
    }
  }
}

// Where most are slow, the links are full and none is to blame.
void HolderRace::judge_by_speed(Entry& entry, Milliseconds whole, Judgement at) {
  if (whole > at.overtaken) note_overtaken(entry);
  const bool is_to_blame = whole > at.lost && around_.memory.are_few_overtaken(around_.clock.now());
  if (is_to_blame) fail_entry(entry, "too slow: it would take " + std::to_string(whole.count()) + " ms");
  entry.cancel();
}

// One that waits for the layer itself may have a slow source: it has more time.
Task<void> HolderRace::judge(std::shared_ptr<HolderRace> race, std::size_t index, Judgement at) {
  Entry& entry = race->entries_[index];
  const bool is_overtaken = co_await is_asked_until(race, index, at.overtaken);
  if (!is_overtaken) co_return;
  if (!entry.is_arriving) race->note_overtaken(entry);
  const bool is_lost = co_await is_asked_until(race, index, at.lost);
  if (!is_lost) co_return;
  if (entry.is_arriving) {
    const bool is_lost_for_certain = co_await is_asked_until(race, index, at.lost_for_certain);
    if (!is_lost_for_certain) co_return;
  }
  race->fail_entry(entry, "no answer in time");
  entry.cancel();
}

Task<bool> HolderRace::is_asked_until(std::shared_ptr<HolderRace> race, std::size_t index, Milliseconds age) {
  const Entry& entry = race->entries_[index];
  co_await race->around_.clock.sleep(std::max(age - race->since_asked(entry), Milliseconds(0)));
  co_return entry.state == State::asked && !entry.is_cancelled;
}

void HolderRace::note_overtaken(const Entry& entry) {
  if (!entry.candidate.is_tracker) around_.memory.note_overtaken(entry.candidate.node, around_.clock.now());
}

void HolderRace::Speed::note(std::uint64_t bytes, Time now) {
  if (now - last.at < apart) return;
  before = std::exchange(last, {now, bytes});
}

std::optional<Milliseconds> HolderRace::Speed::left(const Mark& from, std::uint64_t bytes, std::uint64_t size, Time now) {
  if (bytes <= from.bytes) return std::nullopt;
  const auto time = std::chrono::duration_cast<Milliseconds>(now - from.at);
  const std::uint64_t missing = size - std::min(size, bytes);
  return Milliseconds(static_cast<std::uint64_t>(time.count()) * missing / (bytes - from.bytes));
}

void HolderRace::Entry::cancel() {
  is_cancelled = true;
  if (response != nullptr) response->cancel();
}

void HolderRace::fail_entry(const Entry& entry, const std::string& cause) {
  if (entry.candidate.is_tracker) return;  // its link tells
  around_.metrics.holders.failed_requests.add();
  if (around_.memory.note_failure(entry.candidate.node, around_.clock.now())) around_.failed(entry.candidate, cause);
}

Milliseconds HolderRace::since_asked(const Entry& entry) const {
  return std::chrono::duration_cast<Milliseconds>(around_.clock.now() - entry.asked_at);
}

// The tracker has the layer, and perhaps only its link is slow. Without it all nodes that wait would ask the origin.
Task<Result<Bytes>> HolderRace::ask_tracker_again() {
  const auto tracker = std::ranges::find_if(entries_, [](const Entry& entry) { return entry.candidate.is_tracker; });
  if (tracker == entries_.end()) co_return fail(ErrorKind::unavailable, cause_);
  auto request = holder::patient_small_request(tracker->candidate.node, layer_.key, layer_.digest);
  const auto index = static_cast<std::size_t>(tracker - entries_.begin());
  Outcome outcome = co_await fetch(index, std::move(request));
  if (outcome.verdict == Verdict::right) co_return std::move(outcome.bytes);
  co_return fail(ErrorKind::unavailable, "the tracker did not send the layer: " + outcome.cause);
}

}  // namespace shoal::agent::pull
