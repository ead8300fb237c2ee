// Answered: what a registry answered instead of what was asked for, as far as its caller needs it: a login begins with
// the challenge, and the code says which name is unknown. Of a bounded size, so that it may go from node to node.
//
// Threads: any; values.
#pragma once

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

namespace shoal::inline core {

struct Answered {
  // The lines of a registry: one each scheme, a few hundred bytes. A longer line is left out: cut, it would be another.
  static constexpr std::size_t most_challenges = 8;
  static constexpr std::size_t longest_challenge = 4'096;
  static constexpr std::size_t longest_code = 64;
  static constexpr std::size_t longest_message = 512;

  unsigned status = 0;                  // HTTP
  std::vector<std::string> challenges;  // WWW-Authenticate, each line
  std::string code;                     // "MANIFEST_UNKNOWN", of the first error in the body; empty: none
  std::string message;                  // likewise; for the caller, not for a log

  friend bool operator==(const Answered&, const Answered&) = default;
};

// Within its limits, and with lines that a header may hold, whatever the other side sent.
inline Answered bounded(Answered answered) {
  const auto is_unfit = [](const std::string& line) {
    const auto is_control = [](char c) { return (static_cast<unsigned char>(c) < ' ' && c != '\t') || c == 127; };
    return line.size() > Answered::longest_challenge || std::any_of(line.begin(), line.end(), is_control);
  };
  std::erase_if(answered.challenges, is_unfit);
  if (answered.challenges.size() > Answered::most_challenges) answered.challenges.resize(Answered::most_challenges);
  if (answered.code.size() > Answered::longest_code) answered.code.clear();
  if (answered.message.size() > Answered::longest_message) answered.message.resize(Answered::longest_message);
  return answered;
}

// An Answered or none, in the size of a pointer: an Error is part of every Result, and few of them have an answer.
// Copies are deep, as of a value.
class MaybeAnswered {
 public:
  MaybeAnswered() = default;
  MaybeAnswered(Answered answered) : answered_(std::make_unique<Answered>(std::move(answered))) {}
  MaybeAnswered(const MaybeAnswered& other)
      : answered_(other.answered_ ? std::make_unique<Answered>(*other.answered_) : nullptr) {}
  MaybeAnswered(MaybeAnswered&&) = default;
  MaybeAnswered& operator=(MaybeAnswered other) {
    answered_ = std::move(other.answered_);
    return *this;
  }
  ~MaybeAnswered() = default;

  explicit operator bool() const { return answered_ != nullptr; }
  const Answered& operator*() const { return *answered_; }
  const Answered* operator->() const { return answered_.get(); }

 private:
  std::unique_ptr<Answered> answered_;
};

}  // namespace shoal::inline core
