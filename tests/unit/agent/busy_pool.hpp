// BusyPool: a pool of one thread that is kept from its work.
#pragma once

#include <catch2/catch.hpp>
#include <future>

#include "shared/core/pool.hpp"

namespace shoal {

class BusyPool {
 public:
  explicit BusyPool(Loop& loop) { spawn(loop, occupy(pool_, let_go_.get_future().share())); }
  Pool& pool() { return pool_; }
  void let_go() { let_go_.set_value(); }

 private:
  static Task<void> occupy(Pool& pool, std::shared_future<void> end) {
    auto wait = [end] {
      end.wait();
      return true;
    };
    const bool waited = co_await pool.run(std::move(wait));
    CHECK(waited);
  }

  Pool pool_{1};
  std::promise<void> let_go_;  // a test that fails breaks it, and the pool's thread ends
};

}  // namespace shoal
