// ServeThreads: the threads that call sendfile, which blocks on a cold page cache and must never block the loop.
// A job is one bounded step. A client that reads as fast as the server sends keeps its thread for a few milliseconds,
// and longer while no other client waits for a thread: going back to the loop whenever the socket is full costs more
// than the bytes do. A client that does not read holds no thread.
//
// Threads: `step` from the loop. Destroyed before the loop.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>

#include "shared/core/clock.hpp"
#include "shared/core/pool.hpp"
#include "shared/core/result.hpp"

namespace shoal::http {

// Bytes of an open file; `keep` holds the file open.
struct FileSpan {
  std::shared_ptr<const void> keep;
  int descriptor = -1;
  std::uint64_t offset = 0;
  std::uint64_t length = 0;
};

class ServeThreads {
 public:
  // Four: a step that waits for a slow disk holds up few others.
  explicit ServeThreads(const Clock& clock, std::size_t threads = 4)
      : clock_(clock), thread_count_(threads), threads_(threads) {}

  // Moves a part of the span into the non-blocking `socket`, for 2 to 50 ms; 0 when the socket is full. The socket
  // stays open until it returns. `corrupt` when the file is shorter than the span or the disk does not give it,
  // `unavailable` when the other side is gone.
  Task<Result<std::size_t>> step(int socket, FileSpan span);

  // Short work beside the steps; what `Pool::run` says holds.
  template <class Work>
  auto run(Work work) {
    return threads_.run(std::move(work));
  }

  // Waits for the steps under way, so that their sockets can be closed. Once the loop has ended.
  void join() { threads_.join(); }

 private:
  const Clock& clock_;
  std::size_t thread_count_;
  std::atomic<std::size_t> steps_{0};  // that wait or run
  Pool threads_;
};

}  // namespace shoal::http
