// SharedQuestions: questions under way whose answer is the same for all that ask. Who comes while one runs waits for it.
//
// Bounds: as many questions as a node has connections of clients; each asker waits 25 s.
// Threads: the loop.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <unordered_map>

#include "shared/core/clock.hpp"
#include "shared/core/result.hpp"
#include "shared/core/signal.hpp"
#include "shared/core/task.hpp"
#include "shared/crypto/first_bytes.hpp"

namespace shoal::agent::access {

template <class Answer>
class SharedQuestions {
 public:
  static constexpr std::size_t most = 4'096;
  // HEAD, GET after it, and a turn at an origin that limits its requests. Within a runtime's 30 s for the head.
  static constexpr Milliseconds patience{25'000};

  SharedQuestions(Loop& loop, Clock& clock) : loop_(loop), clock_(clock) {}

  // The answer of the question of this key that runs, else of `question`, which goes on when its asker has gone.
  // `unavailable` when too many run, or when there is none in time: `late` says so.
  Task<Result<Answer>> ask(Hash256 key, Task<Result<Answer>> question, std::string late) {
    const auto running = pending_.find(key);
    SharedPending pending;
    if (running != pending_.end()) {
      pending = running->second;
    } else if (pending_.size() >= most) {
      co_return fail(ErrorKind::unavailable, "too many layers are asked for at once");
    } else {
      pending = std::make_shared<Pending>(loop_);
      pending_[key] = pending;
      spawn(loop_, run(*this, pending, std::move(question), key));
    }
    const Time due = clock_.now() + patience;
    while (!pending->answer && clock_.now() < due) {
      co_await pending->answered.wait_for(clock_, std::chrono::ceil<Milliseconds>(due - clock_.now()));
    }
    if (!pending->answer) co_return fail(ErrorKind::unavailable, std::move(late));
    co_return *pending->answer;
  }

 private:
  struct Pending {
    explicit Pending(Loop& loop) : answered(loop) {}
    Signal answered;
    std::optional<Result<Answer>> answer{};
  };
  // Shared: between the coroutine that asks and those that wait for the answer.
  using SharedPending = std::shared_ptr<Pending>;

  static Task<void> run(SharedQuestions& questions, SharedPending pending, Task<Result<Answer>> question, Hash256 key) {
    Result<Answer> answer = co_await std::move(question);
    questions.pending_.erase(key);
    pending->answer = std::move(answer);
    pending->answered.notify();
  }

  Loop& loop_;
  Clock& clock_;
  std::unordered_map<Hash256, SharedPending, FirstBytes> pending_;
};

}  // namespace shoal::agent::access
