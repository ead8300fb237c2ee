// ServeThreads: the threads that call sendfile, which blocks on a cold page cache and must never cost the loop its
// heartbeat. A job is one bounded, non-blocking step, so a client that does not read holds no thread.
//
// Threads: `step` from the loop.
#pragma once

#include <boost/asio/thread_pool.hpp>
#include <cstdint>
#include <memory>

#include "shared/core/result.hpp"
#include "shared/core/task.hpp"

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
  explicit ServeThreads(std::size_t threads = 4) : threads_(threads) {}
  ~ServeThreads() { threads_.join(); }

  // Moves at most 1 MiB of the span into the non-blocking `socket`; 0 when the socket is full. The socket stays open
  // until it returns.
  Task<Result<std::size_t>> step(int socket, FileSpan span);

 private:
  boost::asio::thread_pool threads_;
};

}  // namespace shoal::http
