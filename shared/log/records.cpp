#include "shared/log/records.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "shared/log/line.hpp"
#include "shared/log/log.hpp"
#include "shared/log/writer.hpp"

namespace shoal::log {
namespace {

constexpr mode_t new_file_mode = 0640;
constexpr int most_tries = 3;  // another program may make or remove the file between two calls
constexpr std::chrono::milliseconds flush_limit{1'000};

// A pipe without a reader would block the open, and a terminal could become the program's own.
constexpr int flags = O_RDWR | O_APPEND | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;

// -1 and errno. A file that is made here has its mode whatever the umask.
int open_or_make(const std::string& path) {
  for (int i = 0; i < most_tries; ++i) {
    const int made = ::open(path.c_str(), flags | O_CREAT | O_EXCL, new_file_mode);
    if (made >= 0 && ::fchmod(made, new_file_mode) == 0) return made;
    if (made >= 0 || errno != EEXIST) return made;
    const int found = ::open(path.c_str(), flags);
    if (found >= 0 || errno != ENOENT) return found;
  }
  return -1;
}

// A process that was killed may have left half a line: the next one starts a line of its own.
bool ends_within_line(int descriptor, off_t size) {
  char last = '\n';
  return size > 0 && ::pread(descriptor, &last, 1, size - 1) == 1 && last != '\n';
}

Result<int> open_file(const std::string& path) {
  const std::string attempted = "open " + path;
  const int descriptor = open_or_make(path);
  if (descriptor < 0 && errno == ELOOP) return fail(ErrorKind::refused, attempted + ": it is a symbolic link");
  if (descriptor < 0) return tl::unexpected(from_errno(errno, attempted));
  struct stat file {};
  if (::fstat(descriptor, &file) != 0 || !S_ISREG(file.st_mode)) {
    ::close(descriptor);
    return fail(ErrorKind::refused, attempted + ": it is no regular file");
  }
  if (ends_within_line(descriptor, file.st_size)) static_cast<void>(::write(descriptor, "\n", 1) == 1);
  return descriptor;
}

std::string cut(const std::string& value) {
  if (value.size() <= Records::longest_value) return value;
  return value.substr(0, Records::longest_value) + "...";
}

}  // namespace

struct Records::File {
  File(int opened, Writer::DropLine drop_line, Writer::Refused refused)
      : descriptor(opened), writer(opened, most_queued_bytes, std::move(drop_line), std::move(refused)) {}

  // After the writer.
  struct Descriptor {
    explicit Descriptor(int opened) : number(opened) {}
    ~Descriptor() { ::close(number); }
    const int number;
  } descriptor;
  Writer writer;
};

Records::Records(RecordOptions options) : options_(std::move(options)) {
  if (options_.place == "stderr") return;
  const auto opened = open_file(options_.place);
  if (!opened) throw StartError(options_.name + " log: " + opened.error().what);
  const auto drop_line = [this](std::uint64_t lines) {
    return line_of(date_now(), {{"event", "dropped"}, {"lines", lines}});
  };
  const auto refused = [this](int error_number) {
    log::warning("log", "records not written",
            {{"file", options_.place},
             {"cause", from_errno(error_number, "write").what},
             {"next", "make room on its file system; lines wait, and are dropped and counted once too many do"}});
  };
  file_ = std::make_unique<File>(*opened, drop_line, refused);
}

Records::~Records() {
  static_cast<void>(flush());
}

void Records::write(std::chrono::milliseconds date, const std::vector<Field>& fields) {
  const std::string line = line_of(date, fields);
  if (file_) {
    file_->writer.write(line);
  } else {
    print(std::string_view(line).substr(0, line.size() - 1));
  }
}

std::string Records::line_of(std::chrono::milliseconds date, const std::vector<Field>& fields) const {
  std::vector<Field> all{{"time", date_text(date)}};
  if (options_.place == "stderr") all.emplace_back("record", options_.name);
  for (const Field& field : fields) {
    all.push_back(field);
    all.back().value = cut(field.value);
  }
  return (options_.format == "json" ? json_fields(all) : text_fields(all)) + "\n";
}

// The new file takes the old one's number: the writer's thread needs no word of it.
Result<void> Records::reopen() {
  if (!file_) return {};
  const auto opened = open_file(options_.place);
  if (!opened) return tl::unexpected(opened.error());
  const bool replaced = ::dup3(*opened, file_->descriptor.number, O_CLOEXEC) >= 0;
  Result<void> result;
  if (!replaced) result = tl::unexpected(from_errno(errno, "replace " + options_.place));
  ::close(*opened);
  return result;
}

bool Records::flush() {
  return file_ ? file_->writer.flush(flush_limit) : log::flush();
}

std::uint64_t Records::dropped_lines() const {
  return file_ ? file_->writer.dropped_lines() : 0;
}

}  // namespace shoal::log
