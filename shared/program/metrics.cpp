#include "shared/program/metrics.hpp"

#include <dirent.h>
#include <sys/resource.h>
#include <unistd.h>

#include <array>
#include <fstream>
#include <iterator>
#include <memory>
#include <sstream>
#include <string>

#include "shared/log/log.hpp"

namespace shoal::program {
namespace {

// Fields of /proc/self/stat behind the command, which may contain anything but ends at the last ")". Source: proc(5),
// whose numbers begin with 1 for the process and 3 for the first of these.
struct Stat {
  double cpu_seconds = 0;
  double virtual_bytes = 0;
  double resident_bytes = 0;
  double start_seconds = 0;  // after the boot
};

std::string content_of(const char* path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

Stat stat_of_this_process() {
  const std::string text = content_of("/proc/self/stat");
  std::istringstream rest(text.substr(text.rfind(')') + 1));
  constexpr std::size_t first_field = 3;
  constexpr std::size_t last_field = 24;
  std::array<double, last_field + 1> fields{};
  std::string state;
  rest >> state;
  for (std::size_t i = first_field + 1; i < fields.size(); ++i) rest >> fields.at(i);
  const auto ticks = static_cast<double>(::sysconf(_SC_CLK_TCK));
  const auto page = static_cast<double>(::sysconf(_SC_PAGESIZE));
  return {(fields.at(14) + fields.at(15)) / ticks, fields.at(23), fields.at(24) * page, fields.at(22) / ticks};
}

// The kernel's date: this process' own clock is steady.
double boot_time_seconds() {
  const std::string text = content_of("/proc/stat");
  const std::size_t at = text.find("\nbtime ");
  double seconds = 0;
  if (at != std::string::npos) std::istringstream(text.substr(at + 7)) >> seconds;
  return seconds;
}

double open_descriptors() {
  const std::unique_ptr<DIR, int (*)(DIR*)> directory(::opendir("/proc/self/fd"), ::closedir);
  if (!directory) return 0;
  double count = -3;  // ".", "..", and the directory's own
  while (::readdir(directory.get()) != nullptr) ++count;
  return count;
}

double descriptor_limit() {
  rlimit limit{};
  return ::getrlimit(RLIMIT_NOFILE, &limit) == 0 ? static_cast<double>(limit.rlim_cur) : 0;
}

void add_process(metrics::Page& page) {
  page.add_counter("process_cpu_seconds_total", "", "CPU time of all threads, user and system.",
                   [] { return stat_of_this_process().cpu_seconds; });
  page.add_gauge("process_resident_memory_bytes", "", "Memory in use, with the part of the page cache that is mapped.",
                 [] { return stat_of_this_process().resident_bytes; });
  page.add_gauge("process_virtual_memory_bytes", "", "Address space in use.",
                 [] { return stat_of_this_process().virtual_bytes; });
  page.add_gauge("process_open_fds", "", "Descriptors in use.", open_descriptors);
  page.add_gauge("process_max_fds", "", "Descriptors that may be in use.", descriptor_limit);
  page.add_gauge("process_start_time_seconds", "", "When the process started, in seconds since 1970.",
                 [] { return boot_time_seconds() + stat_of_this_process().start_seconds; });
}

}  // namespace

void add_to_page(metrics::Page& page) {
  page.add_gauge("build_info", "version=\"" SHOAL_VERSION "\"", "1; the version is its label.", [] { return 1.0; });
  page.add_counter("log_dropped_lines_total", "", "Log lines dropped because standard error was not read.",
                   [] { return static_cast<double>(log::dropped_lines()); });
  page.add_counter("log_repeated_lines_total", "", "Warnings not written: the same one was, less than a minute before.",
                   [] { return static_cast<double>(log::repeated_lines()); });
  add_process(page);
}

}  // namespace shoal::program
