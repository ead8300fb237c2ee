// Questions: what was asked on one link, each paired with its answer.
//
// Threads: the loop.
#pragma once

#include <map>
#include <string>
#include <unordered_map>
#include <variant>

#include "shared/control/messages.hpp"
#include "shared/core/signal.hpp"

namespace shoal::agent::link {

using JoinAnswer = std::variant<control::Joined, control::Refused>;

struct JoinLimits {
  Milliseconds answer;   // without a word of the tracker
  Milliseconds longest;  // while it says Waiting
  Milliseconds paced;    // while it says that the registry limits its requests
  Milliseconds fetched_by_agent;  // while it says that another agent fetches the layer
};

class Questions {
 public:
  // `tracker` names the other side in errors.
  Questions(Loop& loop, Clock& clock, std::string tracker)
      : loop_(loop), clock_(clock), tracker_(std::move(tracker)) {}

  // `upstream` of the join: an answer that names another is not its. Called in the turn of the loop in which the question
  // was sent. `unavailable` when all questions are ended, or
  // nothing came within `limits.answer`: no answer, and no Waiting; or when there were Waitings for too long.
  Task<Result<JoinAnswer>> await_join(Digest digest, std::string upstream, JoinLimits limits);
  std::uint32_t next_request() { return next_request_++; }
  Task<Result<control::Resolved>> await_resolved(std::uint32_t request, Milliseconds limit);
  Task<Result<control::Checked>> await_checked(std::uint32_t request, Milliseconds limit);

  bool any() const { return !joins_.empty() || !resolves_.empty() || !checks_.empty(); }
  // True when the message answered a question, or one that was asked before for another registry, and means nothing more.
  bool take(const control::TrackerMessage& message);
  void end_all(const Error& cause);  // none of the questions is answered any more

 private:
  // It lives in the frame of the coroutine that waits, which takes it out of its map at the end.
  template <class Answer>
  struct Waiter {
    explicit Waiter(Loop& loop) : signal(loop) {}
    Signal signal;
    std::optional<Answer> answer;
    bool is_waiting = false;     // the tracker said so since the last look
    bool is_paced = false;       // the last Waiting said so
    bool is_fetched_by_agent = false;  // likewise
    std::optional<Error> cut{};  // no answer comes any more
  };
  struct JoinWaiter : Waiter<JoinAnswer> {
    JoinWaiter(Loop& loop, std::string of) : Waiter(loop), upstream(std::move(of)) {}
    std::string upstream;
  };
  template <class Answer>
  using Waiters = std::map<std::uint32_t, Waiter<Answer>*>;  // by request

  Error no_answer(const std::optional<Error>& cut) const;
  Error still_paced() const;
  bool answer_joins(const Digest& digest, const std::string& upstream, const JoinAnswer& answer);
  void note_waiting(const control::Waiting& waiting);
  template <class Answer>
  Task<Result<Answer>> await_answer(std::uint32_t request, Milliseconds limit, Waiters<Answer>& waiters);
  // One whose limit has passed is dropped.
  template <class Answer>
  static bool answer_request(const Answer& answer, Waiters<Answer>& waiters);

  Loop& loop_;
  Clock& clock_;
  std::string tracker_;
  std::uint32_t next_request_ = 1;
  std::unordered_multimap<Digest, JoinWaiter*> joins_;
  Waiters<control::Resolved> resolves_;
  Waiters<control::Checked> checks_;
};

}  // namespace shoal::agent::link
