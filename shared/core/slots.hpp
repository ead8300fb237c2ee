// Slots: a bound on how many tasks of one kind run at once. A task keeps its Slot until it ends.
//
// Threads: the loop.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>

namespace shoal::inline core {

class Slots {
  // Shared: a coroutine frame may keep its slot longer than the Slots live, since frames are destroyed with the loop.
  using Count = std::shared_ptr<std::size_t>;

 public:
  class Slot {
   public:
    Slot(Slot&& other) noexcept = default;
    Slot& operator=(Slot&&) = delete;
    ~Slot() {
      if (used_) --*used_;
    }

   private:
    friend class Slots;
    explicit Slot(Count used) : used_(std::move(used)) { ++*used_; }
    Count used_;
  };

  explicit Slots(std::size_t count) : count_(count), used_(std::make_shared<std::size_t>(0)) {}
  std::optional<Slot> take() {
    if (*used_ >= count_) return std::nullopt;
    return Slot(used_);
  }
  bool any_taken() const { return *used_ > 0; }

 private:
  std::size_t count_;
  Count used_;
};

}  // namespace shoal::inline core
