// Writer: lines to one descriptor, written by a thread of its own, so that a stalled reader stalls no other thread.
//
// The queue is bounded in bytes. A line that does not fit is dropped and counted; their number is written as a line of
// its own, at their place, as soon as there is room again.
// Threads: any. Inside this room only.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>

namespace shoal::log {

class Writer {
 public:
  // The line that tells how many were dropped.
  using DropLine = std::function<std::string(std::uint64_t lines)>;
  // Called on the writer's thread when the disk refuses bytes.
  using Refused = std::function<void(int error_number)>;

  // `descriptor` stays the caller's; its flags are never changed, since other processes may share it. With `refused`,
  // lines that a full or failing disk refuses stay in the queue and are tried again; else they are dropped.
  Writer(int descriptor, std::size_t most_bytes, DropLine drop_line, Refused refused = {});
  // Drops what the descriptor does not take at once; `flush` before.
  ~Writer();

  void write(std::string_view lines);          // whole lines; never blocks
  bool flush(std::chrono::milliseconds limit);  // true: all that came before has been written

  std::uint64_t dropped_lines() const { return dropped_lines_; }
  std::size_t unwritten_bytes() const { return unwritten_bytes_; }  // a signal handler may ask too

 private:
  void run();
  void write_out(std::string_view lines);
  bool wait_until_writable() const;
  bool wait_for_room(int error_number) const;
  void report_drops();

  struct Output {
    int descriptor;
    DropLine drop_line;
    Refused refused;
  };
  const Output output_;
  const std::size_t most_bytes_;
  std::mutex mutex_;                   // guards queue_ and unreported_
  std::condition_variable has_lines_;  // or has to stop
  std::condition_variable has_written_;
  std::string queue_;
  std::uint64_t unreported_ = 0;                  // dropped lines that no line has told yet
  std::atomic<std::size_t> unwritten_bytes_ = 0;  // of the queue and of what the thread has taken from it
  std::atomic<std::uint64_t> dropped_lines_ = 0;
  std::atomic<bool> stopping_ = false;
  std::thread thread_;
};

}  // namespace shoal::log
