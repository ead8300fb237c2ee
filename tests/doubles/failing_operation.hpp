// FailingOperation: lets a chosen operation of the store fail once.
#pragma once

#include <string>

#include "shared/store/faults.hpp"

namespace shoal {

class FailingOperation final : public store::Faults {
 public:
  // The n-th operation from now, counted from 1, fails with `error_number`.
  void fail(int n, int error_number) {
    left_ = n;
    error_number_ = error_number;
    failed_.clear();
  }
  void stop() { left_ = 0; }
  // The operation that was made to fail; empty when there was none.
  const std::string& failed() const { return failed_; }

  int next(const char* operation) override {
    if (left_ == 0 || --left_ > 0) return 0;
    failed_ = operation;
    return error_number_;
  }

 private:
  int left_ = 0;
  int error_number_ = 0;
  std::string failed_;
};

}  // namespace shoal
