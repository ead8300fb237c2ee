// FailingOperation: lets a chosen operation of the store fail, once or from then on, or move only half of its bytes.
// Any thread may ask it.
#pragma once

#include <mutex>
#include <string>

#include "shared/store/faults.hpp"

namespace shoal {

class FailingOperation : public store::Faults {
 public:
  enum class How { once, from_then_on, half };

  // The n-th operation from now, counted from 1, fails with `error_number`.
  void fail(int n, int error_number, How how = How::once) {
    const std::lock_guard lock(mutex_);
    left_ = n;
    error_number_ = error_number;
    how_ = how;
    failed_.clear();
  }
  void stop() {
    const std::lock_guard lock(mutex_);
    left_ = 0;
  }
  // The first operation that was made to fail; empty when there was none.
  std::string failed() const {
    const std::lock_guard lock(mutex_);
    return failed_;
  }

  int next(const char* operation) override {
    const std::lock_guard lock(mutex_);
    if (left_ == 0 || --left_ > 0) return 0;
    if (failed_.empty()) failed_ = operation;
    if (how_ == How::from_then_on) left_ = 1;
    return how_ == How::half ? 0 : error_number_;
  }
  // Asked before `next`.
  std::size_t most(std::size_t wanted) override {
    const std::lock_guard lock(mutex_);
    const bool is_next = left_ == 1 && how_ == How::half;
    return is_next && wanted > 1 ? wanted / 2 : wanted;
  }

 private:
  mutable std::mutex mutex_;
  int left_ = 0;
  int error_number_ = 0;
  How how_ = How::once;
  std::string failed_;
};

}  // namespace shoal
