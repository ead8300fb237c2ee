// Records: lines of fields alone, for a log that other programs read: to a file of its own, or to standard error among
// the lines of the log, with `record=NAME` before the rest.
//
// A line is logfmt or a JSON object; its first field is `time`, in UTC with milliseconds. Values are escaped and bounded.
// The file is only ever appended to. Who rotates it renames it and calls `reopen`. No call waits for the disk: lines wait
// in a bounded queue while it is full; those beyond are dropped, counted, and their number is told at their place.
// Threads: any; `reopen` one at a time.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "shared/core/result.hpp"
#include "shared/log/date.hpp"
#include "shared/log/field.hpp"

namespace shoal::log {

struct RecordOptions {
  std::string name;    // of these records, "activity"
  std::string place;   // an absolute path, or "stderr"
  std::string format;  // "text": logfmt; "json"
};

class Records {
 public:
  static constexpr std::size_t longest_value = 512;        // an image's name has 384 bytes at most: the rest is cut off
  static constexpr std::size_t most_queued_bytes = 1 << 20;  // two thousand lines, some seconds of a node at its busiest

  // Throws StartError when the file cannot be opened. It must be a regular file and no symbolic link; a new one has mode
  // 0640, whatever the umask.
  explicit Records(RecordOptions options);
  ~Records();  // waits a second at most for the lines so far

  // `date`: since 1970.
  void write(std::chrono::milliseconds date, const std::vector<Field>& fields);
  // From now on the file that has the path now, made if there is none. On an error the old one goes on.
  Result<void> reopen();
  bool flush();  // a second at most

  std::uint64_t dropped_lines() const;  // of a file; those of standard error are among log::dropped_lines

 private:
  struct File;
  std::string line_of(std::chrono::milliseconds date, const std::vector<Field>& fields) const;

  RecordOptions options_;
  std::unique_ptr<File> file_;  // none: standard error
};

}  // namespace shoal::log
