// LoopThread: a loop that runs on a thread of its own, so that blocking counterparts (cpp-httplib, raw sockets) can
// talk to what lives on it.
#pragma once

#include <boost/asio/executor_work_guard.hpp>
#include <future>
#include <memory>
#include <optional>
#include <thread>

#include "shared/core/task.hpp"

namespace shoal::test {

class LoopThread {
 public:
  LoopThread() : work_(asio::make_work_guard(loop_)), thread_([this] { loop_.run(); }) {}
  ~LoopThread() { stop(); }

  Loop& loop() { return loop_; }

  // Runs `work` on the loop and waits for its end.
  template <class Work>
  void on_loop(Work work) {
    std::promise<void> done;
    asio::post(loop_, [&] {
      work();
      done.set_value();
    });
    done.get_future().wait();
  }

  // The value of a task that runs on the loop.
  template <class T>
  T wait_for(Task<T> task) {
    return start(std::move(task)).get();
  }
  // The same, for a caller that does something meanwhile.
  template <class T>
  std::future<T> start(Task<T> task) {
    const auto value = std::make_shared<std::promise<T>>();
    spawn(loop_, keep(std::move(task), value));
    return value->get_future();
  }

  // Afterwards nothing runs any more; what is suspended stays so.
  void stop() {
    if (!thread_.joinable()) return;
    work_.reset();
    loop_.stop();
    thread_.join();
  }

 private:
  template <class T>
  static Task<void> keep(Task<T> task, std::shared_ptr<std::promise<T>> value) {
    T result = co_await std::move(task);
    value->set_value(std::move(result));
  }

  Loop loop_;
  asio::executor_work_guard<Loop::executor_type> work_;
  std::thread thread_;
};

}  // namespace shoal::test
