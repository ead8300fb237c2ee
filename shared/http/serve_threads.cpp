#include "shared/http/serve_threads.hpp"

#include <poll.h>
#include <sys/sendfile.h>

#include <algorithm>
#include <cerrno>
#include <csignal>

namespace shoal::http {
namespace {

constexpr std::size_t largest_call = 1 << 20;  // bounds how long one client holds a thread on a cold page cache
// While others wait for a thread: 64 clients on four threads wait 32 ms for each other at most.
constexpr Milliseconds longest_turn{2};
// While no client waits for a thread. Each way back to the loop wakes two threads, and the kernel moves them to the
// client's processor: one client on loopback had 2.3 GB/s with a MiB at a time, 4.1 with 2 ms, 5.1 with 50 ms (nginx: 4.3).
constexpr Milliseconds longest_step{50};
constexpr int wait_for_reader_ms = 1;  // the shortest that poll knows

// sendfile knows no MSG_NOSIGNAL. A SIGPIPE goes to the thread that caused it; blocked, it stays there and ends
// nothing.
void block_pipe_signal() {
  thread_local const bool blocked = [] {
    sigset_t pipe_only;
    sigemptyset(&pipe_only);
    sigaddset(&pipe_only, SIGPIPE);
    return ::pthread_sigmask(SIG_BLOCK, &pipe_only, nullptr) == 0;
  }();
  (void)blocked;
}

// Whether a client that has just read a lot makes room for more at once.
bool makes_room(int socket) {
  pollfd waited{socket, POLLOUT, 0};
  return ::poll(&waited, 1, wait_for_reader_ms) > 0;
}

template <class MayGoOn>
Result<std::size_t> send_step(int socket, int descriptor, off_t offset, std::size_t wanted, MayGoOn may_go_on) {
  block_pipe_signal();
  std::size_t sent = 0;
  while (sent < wanted && (sent == 0 || may_go_on())) {
    const ssize_t moved = ::sendfile(socket, descriptor, &offset, std::min(wanted - sent, largest_call));
    if (moved > 0) {
      sent += static_cast<std::size_t>(moved);
    } else if (moved == 0) {
      return fail(ErrorKind::corrupt, "send file: it is shorter than its layer");
    } else if (errno == EAGAIN) {
      if (sent < largest_call || !makes_room(socket)) break;
    } else if (errno == EIO || errno == ENXIO || errno == EBADMSG || errno == EUCLEAN) {
      return fail(ErrorKind::corrupt, from_errno(errno, "send file").what);  // no socket says that: the disk does
    } else if (errno != EINTR) {
      return tl::unexpected(Error{ErrorKind::unavailable, from_errno(errno, "send file").what});
    }
  }
  return sent;
}

}  // namespace

Task<Result<std::size_t>> ServeThreads::step(int socket, FileSpan span) {
  // `keep` stays in this frame: its last owner is on the loop, whatever its destructor touches.
  const std::size_t wanted = span.length;
  auto work = [this, socket, descriptor = span.descriptor, offset = static_cast<off_t>(span.offset), wanted] {
    return send_step(socket, descriptor, offset, wanted, [this, started = clock_.now()] {
      return clock_.now() - started < (steps_ > thread_count_ ? longest_turn : longest_step);
    });
  };
  ++steps_;
  auto sent = co_await threads_.run(work);
  --steps_;
  co_return sent;
}

}  // namespace shoal::http
