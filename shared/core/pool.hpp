// Pool: a bounded number of threads for short blocking work (hash, fsync, rename), as functions of values.
//
// Threads: `run` is called on the loop; the work runs on a pool thread, its result is awaited on the loop. A pool of no
// threads does it there and then: tests that are drawn by lot must go the same way each time.
#pragma once

#include <boost/asio/thread_pool.hpp>
#include <memory>
#include <optional>

#include "shared/core/task.hpp"

namespace shoal::inline core {

class Pool {
 public:
  explicit Pool(std::size_t threads) {
    if (threads > 0) threads_.emplace(threads);
  }
  ~Pool() { join(); }

  // Waits for the work under way; from now on none is begun. On the loop's thread, once the loop has ended.
  void join() {
    if (!threads_) return;
    threads_->stop();
    threads_->join();
  }

  // The value of `work()`. `work` owns everything that it touches, since it may outlive the caller's frame. When `run`
  // returns, `work` has been destroyed. Name the closure and move it in: GCC 12 destroys a closure or a braced value
  // twice that is made inside a co_await expression.
  template <class Work>
  auto run(Work work) -> Task<decltype(work())> {
    if (!threads_) co_return work();
    auto executor = co_await asio::this_coro::executor;
    auto job = std::make_shared<Job<Work>>(std::move(work), executor);
    asio::post(*threads_, [job, executor]() mutable {
      job->value.emplace(job->work());
      // Moved: a pool thread that is suspended here must not keep what `work` owns after `run` has returned.
      asio::post(executor, [job = std::move(job)] {
        job->finished = true;
        job->wake.cancel();
      });
    });
    IoError ignored;
    while (!job->finished) co_await job->wake.async_wait(into(ignored));
    co_return std::move(*job->value);
  }

 private:
  template <class Work>
  struct Job {
    template <class Executor>
    Job(Work w, const Executor& executor) : work(std::move(w)), wake(executor, asio::steady_timer::time_point::max()) {}
    Work work;
    std::optional<decltype(std::declval<Work&>()())> value;
    asio::steady_timer wake;
    bool finished = false;  // written and read on the loop
  };
  std::optional<asio::thread_pool> threads_;
};

}  // namespace shoal::inline core
