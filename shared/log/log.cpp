#include "shared/log/log.hpp"

#include <signal.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/base_sink.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <ctime>

#include "shared/core/clock.hpp"
#include "shared/log/date.hpp"
#include "shared/log/line.hpp"
#include "shared/log/repeats.hpp"
#include "shared/log/writer.hpp"

namespace shoal::log {
namespace {

// 7,000 lines, as many as a thousand pulls write: enough for a log collector that restarts during a rollout, little
// beside what a program needs anyway.
constexpr std::size_t most_queued_bytes = 1 << 20;

constexpr std::chrono::milliseconds flush_limit{1'000};  // the end of a process waits no longer for its log's reader

constexpr const char* text_pattern = "%Y-%m-%dT%H:%M:%S.%e%z %l %v";
constexpr const char* json_pattern = "{\"time\":\"%Y-%m-%dT%H:%M:%S.%e%z\",\"level\":\"%l\",%v";

// Read on every thread.
std::atomic<bool> as_json = false;

constexpr std::array<std::pair<std::string_view, spdlog::level::level_enum>, 4> levels{{  // by Level
    {"debug", spdlog::level::debug},
    {"info", spdlog::level::info},
    {"warning", spdlog::level::warn},
    {"error", spdlog::level::err},
}};

spdlog::log_clock::time_point date() {
  return spdlog::log_clock::time_point(std::chrono::duration_cast<spdlog::log_clock::duration>(date_now()));
}

spdlog::details::log_msg message(Level level, const std::string& line) {
  return {date(), spdlog::source_loc{}, "shoal", levels.at(static_cast<std::size_t>(level)).second, line};
}

std::string line_of(const Event& event) {
  return as_json ? json_line(event) : text_line(event);
}

std::string formatted(spdlog::formatter& formatter, const spdlog::details::log_msg& event) {
  spdlog::memory_buf_t line;
  formatter.format(event, line);
  return {line.data(), line.size()};
}

// Called by the writer's thread too, beside the sink's own formatter.
std::string drop_line(std::uint64_t lines) {
  const std::string line = line_of({"log", "log lines dropped", {{"lines", lines}}});
  spdlog::pattern_formatter formatter(as_json ? json_pattern : text_pattern);
  return formatted(formatter, message(Level::warning, line));
}

// Never destroyed: its thread may wait for a reader for ever, and other threads may still log at the end.
Writer& writer() {
  static Writer& instance = *[] {
    auto* made = new Writer(STDERR_FILENO, most_queued_bytes, drop_line);
    static_cast<void>(std::atexit([] { static_cast<void>(flush()); }));
    return made;
  }();
  return instance;
}

// spdlog's own asynchronous logger bounds lines, not bytes, and its end waits for the reader.
class WriterSink final : public spdlog::sinks::base_sink<std::mutex> {
  void sink_it_(const spdlog::details::log_msg& event) override { writer().write(formatted(*formatter_, event)); }
  void flush_() override {}  // log::flush, which has a limit
};

// Not registered with spdlog: its shutdown would destroy it while other threads may still log.
spdlog::logger& logger() {
  static spdlog::logger& instance = *[] {
    auto* made = new spdlog::logger("shoal", std::make_shared<WriterSink>());
    made->set_pattern(text_pattern);
    return made;
  }();
  return instance;
}

// Never destroyed, as the logger.
Repeats& repeats() {
  static Repeats& instance = *new Repeats();
  return instance;
}

// A signal handler: no lock, no memory. The writer's thread goes on meanwhile; then the signal comes again and ends the
// process.
extern "C" void wait_for_writer(int signal_number) {
  constexpr long step_ns = 10'000'000;
  constexpr timespec step{.tv_sec = 0, .tv_nsec = step_ns};
  const auto steps = std::chrono::nanoseconds(flush_limit).count() / step_ns;
  for (long i = 0; i < steps && writer().unwritten_bytes() > 0; ++i) ::nanosleep(&step, nullptr);
  ::raise(signal_number);
}

}  // namespace

bool configure(std::string_view level, std::string_view format) {
  const auto known = std::find_if(levels.begin(), levels.end(), [&](const auto& each) { return each.first == level; });
  if (known == levels.end() || (format != "text" && format != "json")) return false;
  as_json = format == "json";
  logger().set_pattern(as_json ? json_pattern : text_pattern);
  logger().set_level(known->second);
  repeats().clear();
  return true;
}

void write(Level level, std::string_view room, std::string_view event, std::initializer_list<Field> fields) {
  const auto known = levels.at(static_cast<std::size_t>(level)).second;
  if (!logger().should_log(known)) return;
  std::uint64_t repeated = 0;
  if (level >= Level::warning) {
    const auto admitted = repeats().admit(SystemClock().now(), room, event, fields);
    if (!admitted) return;
    repeated = *admitted;
  }
  const std::string line = line_of({room, event, fields, repeated});
  logger().log(date(), spdlog::source_loc{}, known, line);
}

void print(std::string_view text) {
  writer().write(std::string(text) + "\n");
}

bool flush() {
  return writer().flush(flush_limit);
}

void flush_at_crash() {
  static_cast<void>(writer());  // made now: a handler must not
  struct sigaction action {};
  action.sa_handler = wait_for_writer;
  action.sa_flags = static_cast<int>(SA_RESETHAND);
  for (const int fault : {SIGABRT, SIGSEGV, SIGBUS, SIGILL, SIGFPE}) {
    struct sigaction before {};
    ::sigaction(fault, nullptr, &before);
    const bool is_default = (before.sa_flags & SA_SIGINFO) == 0 && before.sa_handler == SIG_DFL;
    if (is_default) ::sigaction(fault, &action, nullptr);  // else a sanitizer's
  }
}

std::uint64_t dropped_lines() {
  return writer().dropped_lines();
}

std::uint64_t repeated_lines() {
  return repeats().left_out();
}

}  // namespace shoal::log
