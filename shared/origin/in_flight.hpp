// InFlight: questions that are under way. A second one for the same key waits for the first one's answer.
//
// Threads: the loop.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>

#include "shared/core/signal.hpp"

namespace shoal::origin {

template <class Answer>
class InFlight {
 public:
  bool is_asked(const std::string& key) const { return asked_.contains(key); }

  // Between the two, all others wait. Whoever begins a question ends it, within a bound of its own.
  void begin(const std::string& key, Loop& loop) { asked_.emplace(key, std::make_shared<Question>(loop)); }
  void end(const std::string& key, Answer answer) {
    const auto question = asked_.extract(key).mapped();
    question->answer = std::move(answer);
    question->answered.notify();
  }
  // The answer to a question that has begun.
  Task<Answer> wait(std::string key) {
    const auto question = asked_.at(key);
    while (!question->answer) co_await question->answered.wait();
    co_return *question->answer;
  }

 private:
  struct Question {  // Shared: between the one that asks and those that wait
    explicit Question(Loop& loop) : answered(loop) {}
    Signal answered;
    std::optional<Answer> answer;
  };
  std::map<std::string, std::shared_ptr<Question>> asked_;
};

}  // namespace shoal::origin
