#include "agent/link/questions.hpp"

namespace shoal::agent::link {

Error Questions::no_answer(const std::optional<Error>& cut) const {
  if (cut) return *cut;
  return {ErrorKind::unavailable, "the tracker " + tracker_ + " did not answer"};
}

Error Questions::still_paced() const {
  constexpr Milliseconds soon{1'000};  // the registry must not be asked by this node meanwhile
  return {ErrorKind::unavailable, "a registry limits the requests of the tracker " + tracker_, soon};
}

Task<Result<JoinAnswer>> Questions::await_join(Digest digest, std::string upstream, JoinLimits limits) {
  JoinWaiter waiter(loop_, std::move(upstream));
  joins_.emplace(digest, &waiter);
  const Time asked = clock_.now();
  const auto has_time = [&] {
    Milliseconds most = waiter.is_paced ? limits.paced : limits.longest;
    if (waiter.is_fetched_by_agent) most = limits.fetched_by_agent;
    return clock_.now() - asked < most;
  };
  co_await waiter.signal.wait_for(clock_, limits.answer);
  while (!waiter.answer && std::exchange(waiter.is_waiting, false) && !waiter.cut && has_time()) {
    co_await waiter.signal.wait_for(clock_, limits.answer);
  }
  std::erase_if(joins_, [&waiter](const auto& entry) { return entry.second == &waiter; });
  const bool is_paced = waiter.is_paced && !waiter.cut && !has_time();
  if (!waiter.answer) co_return tl::unexpected(is_paced ? still_paced() : no_answer(waiter.cut));
  co_return std::move(*waiter.answer);
}

template <class Answer>
Task<Result<Answer>> Questions::await_answer(std::uint32_t request, Milliseconds limit, Waiters<Answer>& waiters) {
  Waiter<Answer> waiter(loop_);
  waiters[request] = &waiter;
  co_await waiter.signal.wait_for(clock_, limit);
  waiters.erase(request);
  if (!waiter.answer) co_return tl::unexpected(no_answer(waiter.cut));
  co_return std::move(*waiter.answer);
}

Task<Result<control::Resolved>> Questions::await_resolved(std::uint32_t request, Milliseconds limit) {
  return await_answer(request, limit, resolves_);
}

Task<Result<control::Checked>> Questions::await_checked(std::uint32_t request, Milliseconds limit) {
  return await_answer(request, limit, checks_);
}

bool Questions::take(const control::TrackerMessage& message) {
  if (const auto* joined = std::get_if<control::Joined>(&message)) return answer_joins(joined->digest, joined->upstream, *joined);
  if (const auto* refused = std::get_if<control::Refused>(&message)) return answer_joins(refused->digest, refused->upstream, *refused);
  if (const auto* waiting = std::get_if<control::Waiting>(&message)) note_waiting(*waiting);
  if (const auto* resolved = std::get_if<control::Resolved>(&message)) return answer_request(*resolved, resolves_);
  if (const auto* checked = std::get_if<control::Checked>(&message)) return answer_request(*checked, checks_);
  return false;
}

// An answer to a join that was given up says nothing to the one that is waited for now, nor that the swarm is to be left.
bool Questions::answer_joins(const Digest& digest, const std::string& upstream, const JoinAnswer& answer) {
  bool asked = false;
  const auto [begin, end] = joins_.equal_range(digest);
  for (auto join = begin; join != end; ++join) {
    if (join->second->answer) continue;  // answered before, and about to wake
    asked = true;
    if (!upstream.empty() && upstream != join->second->upstream) continue;
    join->second->answer = answer;
    join->second->signal.notify();
  }
  return asked;
}

void Questions::note_waiting(const control::Waiting& waiting) {
  const auto [begin, end] = joins_.equal_range(waiting.digest);
  for (auto join = begin; join != end; ++join) {
    join->second->is_waiting = true;
    join->second->is_paced = waiting.is_paced;
    join->second->is_fetched_by_agent = waiting.is_fetched_by_agent;
    join->second->signal.notify();
  }
}

template <class Answer>
bool Questions::answer_request(const Answer& answer, Waiters<Answer>& waiters) {
  const auto asked = waiters.find(answer.request);
  if (asked == waiters.end()) return true;
  asked->second->answer = answer;
  asked->second->signal.notify();
  return true;
}

void Questions::end_all(const Error& cause) {
  const auto cut = [&cause](auto& waiters) {
    for (const auto& [question, waiter] : std::exchange(waiters, {})) {
      waiter->cut = cause;
      waiter->signal.notify();
    }
  };
  cut(joins_);
  cut(resolves_);
  cut(checks_);
}

}  // namespace shoal::agent::link
