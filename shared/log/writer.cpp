#include "shared/log/writer.hpp"

#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <utility>

namespace shoal::log {
namespace {

constexpr int stop_check_ms = 50;     // how late the thread of a blocked descriptor sees that it has to stop
constexpr int stop_checks_before_retry = 4;  // 0.2 s: how often a full disk is tried again
constexpr int refused_pause_ms = 10;  // between writes that a non-blocking descriptor refuses though poll() allows them

std::uint64_t count_lines(std::string_view text) {
  return static_cast<std::uint64_t>(std::count(text.begin(), text.end(), '\n'));
}

// A disk that may take the same bytes later.
bool is_of_disk(int error_number) {
  return error_number == ENOSPC || error_number == EDQUOT || error_number == EIO;
}

// How much one write takes: whole lines, at most PIPE_BUF bytes. A pipe that poll() calls writable takes so many
// without blocking, and mixes them with nothing that another process writes.
std::size_t write_length(std::string_view text) {
  if (text.size() <= PIPE_BUF) return text.size();
  const std::size_t line_end = text.rfind('\n', PIPE_BUF - 1);
  return line_end == std::string_view::npos ? PIPE_BUF : line_end + 1;
}

}  // namespace

Writer::Writer(int descriptor, std::size_t most_bytes, DropLine drop_line, Refused refused)
    : output_{descriptor, std::move(drop_line), std::move(refused)}, most_bytes_(most_bytes) {
  // Signals are for the threads of the program; SIGPIPE of a reader that is gone becomes EPIPE.
  sigset_t all;
  sigset_t before;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);
  thread_ = std::thread([this] { run(); });
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

Writer::~Writer() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  has_lines_.notify_one();
  thread_.join();
}

void Writer::write(std::string_view lines) {
  {
    const std::lock_guard lock(mutex_);
    // Once lines were dropped, half of the queue has to be free again: a slow reader gets stretches of whole lines, not
    // one line between two reports of dropped ones.
    const std::size_t bound = unreported_ > 0 ? most_bytes_ / 2 : most_bytes_;
    if (unwritten_bytes_ + lines.size() > bound) {
      unreported_ += count_lines(lines);
      dropped_lines_ += count_lines(lines);
    } else {
      report_drops();
      queue_ += lines;
      unwritten_bytes_ += lines.size();
    }
  }
  has_lines_.notify_one();
}

bool Writer::flush(std::chrono::milliseconds limit) {
  std::unique_lock lock(mutex_);
  return has_written_.wait_for(lock, limit, [this] { return unwritten_bytes_ == 0 && unreported_ == 0; });
}

// Under the mutex.
void Writer::report_drops() {
  if (unreported_ == 0) return;
  const std::string line = output_.drop_line(std::exchange(unreported_, 0));
  queue_ += line;
  unwritten_bytes_ += line.size();
}

void Writer::run() {
  std::unique_lock lock(mutex_);
  while (true) {
    has_lines_.wait(lock, [this] { return stopping_ || !queue_.empty() || unreported_ > 0; });
    if (queue_.empty()) report_drops();  // not before: while lines wait, more are dropped
    if (queue_.empty()) return;
    const std::string taken = std::exchange(queue_, {});
    lock.unlock();
    write_out(taken);
    lock.lock();
    has_written_.notify_all();
    if (stopping_) return;
  }
}

void Writer::write_out(std::string_view lines) {
  while (!lines.empty() && wait_until_writable()) {
    std::size_t done = write_length(lines);
    const ssize_t written = ::write(output_.descriptor, lines.data(), done);
    if (written < 0 && (errno == EINTR || errno == EAGAIN)) {
      ::poll(nullptr, 0, refused_pause_ms);
      continue;
    }
    if (written < 0 && output_.refused && is_of_disk(errno)) {
      if (!wait_for_room(errno)) return;
      continue;
    }
    if (written >= 0) {
      done = static_cast<std::size_t>(written);
    } else {
      dropped_lines_ += count_lines(lines.substr(0, done));  // the reader is gone, or the disk is full
    }
    unwritten_bytes_ -= done;
    lines.remove_prefix(done);
  }
}

// False: it has to stop, and the descriptor takes nothing.
bool Writer::wait_until_writable() const {
  pollfd entry{.fd = output_.descriptor, .events = POLLOUT, .revents = 0};
  while (::poll(&entry, 1, stop_check_ms) <= 0) {
    if (stopping_) return false;
  }
  return true;
}

// False: it has to stop, and the disk takes nothing.
bool Writer::wait_for_room(int error_number) const {
  output_.refused(error_number);
  for (int i = 0; i < stop_checks_before_retry; ++i) {
    if (stopping_) return false;
    ::poll(nullptr, 0, stop_check_ms);
  }
  return true;
}

}  // namespace shoal::log
