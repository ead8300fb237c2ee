#include "shared/http/serve_threads.hpp"

#include <sys/sendfile.h>

#include <algorithm>
#include <cerrno>
#include <csignal>

namespace shoal::http {
namespace {

constexpr std::size_t largest_step = 1 << 20;  // bounds how long one client holds a thread on a cold page cache

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

Result<std::size_t> send_step(int socket, int descriptor, off_t offset, std::size_t wanted) {
  block_pipe_signal();
  std::size_t sent = 0;
  while (sent < wanted) {
    const ssize_t moved = ::sendfile(socket, descriptor, &offset, wanted - sent);
    if (moved > 0) {
      sent += static_cast<std::size_t>(moved);
    } else if (moved == 0) {
      return fail(ErrorKind::corrupt, "send file: it is shorter than its layer");
    } else if (errno == EAGAIN) {
      break;
    } else if (errno != EINTR) {
      return tl::unexpected(Error{ErrorKind::unavailable, from_errno(errno, "send file").what});
    }
  }
  return sent;
}

}  // namespace

Task<Result<std::size_t>> ServeThreads::step(int socket, FileSpan span) {
  // `keep` stays in this frame: its last owner is on the loop, whatever its destructor touches.
  const std::size_t wanted = std::min<std::uint64_t>(span.length, largest_step);
  auto work = [socket, descriptor = span.descriptor, offset = static_cast<off_t>(span.offset), wanted] {
    return send_step(socket, descriptor, offset, wanted);
  };
  auto sent = co_await threads_.run(work);
  co_return sent;
}

}  // namespace shoal::http
