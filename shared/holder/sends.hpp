// Sends: the small layers that a node is sending, and whether it has time for a hedged request: whether that one would
// have left within a quarter of a second. A link whose rate nobody knows says by its last sends how many it carries in
// that time. Pure: time is given.
//
// Threads: the loop.
#pragma once

#include <list>
#include <memory>
#include <string>

#include "shared/core/clock.hpp"
#include "shared/core/units.hpp"

namespace shoal::holder {

class Sends {
  struct Begun {
    std::string host;
    Time at;
    std::size_t at_once;  // sends, this one among them
    bool is_beside_another;  // to a different node: a slow one alone says nothing of our link
  };
  // Shared: a coroutine frame may keep its send longer than the Sends live, since frames are destroyed with the loop.
  using List = std::shared_ptr<std::list<Begun>>;

 public:
  static constexpr Milliseconds in_time{250};
  // Sends that take longer go to so many nodes at least: one alone may have a slow link of its own.
  static constexpr std::size_t long_hosts = 2;
  static constexpr Milliseconds longest_rest{2'000};

  class Send {  // until the bytes have left
   public:
    Send(Send&& other) noexcept : list_(std::move(other.list_)), place_(other.place_) {}
    Send& operator=(Send&&) = delete;
    ~Send() {
      if (list_) list_->erase(place_);
    }

   private:
    friend class Sends;
    Send(List list, Begun begun) : list_(std::move(list)), place_(list_->insert(list_->end(), std::move(begun))) {}
    List list_;
    std::list<Begun>::iterator place_;
  };

  // `most`: at once, above which the node has no time whatever its link.
  explicit Sends(std::size_t most) : most_(most) {}

  Send begin(std::string host, Time now);
  // The kernel has taken all of it. How long what it still keeps will take to leave, by the time that the rest took.
  Milliseconds taken(const Send& send, ByteCount size, Time now);
  bool is_busy(Time now) const;

 private:
  std::size_t most_;
  Milliseconds usual_{0};  // time that the link takes for one send, smoothed
  List list_ = std::make_shared<std::list<Begun>>();
};

}  // namespace shoal::holder
