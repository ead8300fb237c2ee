// Task: a coroutine on the loop thread. The one header through which Asio's coroutines enter.
//
// Arguments by value; no capturing lambda as a coroutine; one co_await per statement (Boost 1.74, g++ 12).
#pragma once
// A guard too: `#pragma once` compares times of change, and a precompiled header that ccache restores has others.
#ifndef SHOAL_CORE_TASK_HPP
#define SHOAL_CORE_TASK_HPP

#include <utility>  // before asio/awaitable.hpp, which uses std::exchange without it
//
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace shoal::inline core {

namespace asio = boost::asio;

template <class T>
using Task = asio::awaitable<T>;

using Loop = asio::io_context;

// The loop of a program, which owns the parts that its tasks use. They are declared behind the loop and so destroyed
// before it; tasks that have not ended must be gone by then.
class ProgramLoop : public Loop {
 public:
  ProgramLoop() : Loop(1) {}  // run by one thread

  // After `run` has returned: destroys all tasks that have not ended, and all handlers. No other thread may post
  // meanwhile; handlers that are posted afterwards never run. Sockets and timers of the parts may still be closed and destroyed.
  void destroy_tasks() { shutdown(); }
};
using IoError = boost::system::error_code;

// Starts `task` on the loop and lets it run; an exception that leaves it is a bug and ends the process.
void spawn(Loop& loop, Task<void> task);

// Of a coroutine that one of our loops runs.
inline Loop& loop_of(const asio::any_io_executor& executor) {
  return static_cast<Loop&>(asio::query(executor, asio::execution::context));
}

// Completion token: the operation's error lands in `error` instead of being thrown.
inline auto into(IoError& error) {
  return asio::redirect_error(asio::use_awaitable, error);
}

}  // namespace shoal::inline core

#endif
