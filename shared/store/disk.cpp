#include "shared/store/disk.hpp"

#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace shoal::store {
namespace {

// One system call: its result, or -1 with errno; a fault comes instead of it.
template <class Call>
auto attempt(Faults* faults, const char* operation, Call call) -> decltype(call()) {
  for (;;) {
    errno = faults == nullptr ? 0 : faults->next(operation);
    const decltype(call()) result = errno == 0 ? call() : -1;
    if (result >= 0 || errno != EINTR) return result;
  }
}

std::size_t most(Faults* faults, std::size_t wanted) {
  return faults == nullptr ? wanted : faults->most(wanted);
}

tl::unexpected<Error> failed(const std::string& attempted) {
  return tl::unexpected<Error>(from_errno(errno, attempted));
}

}  // namespace

Descriptor::~Descriptor() {
  if (number_ >= 0) ::close(number_);
}

Result<void> allocate(int file, std::uint64_t size_bytes, Faults* faults) {
  if (size_bytes == 0) return {};  // fallocate refuses it
  const auto size = static_cast<off_t>(size_bytes);
  int result = attempt(faults, "allocate", [&] { return ::fallocate(file, 0, 0, size); });
  // Without fallocate the space is not reserved on the disk; a later write may then find it full, and says so.
  if (result < 0 && errno == EOPNOTSUPP) result = ::ftruncate(file, size);
  if (result < 0) return failed("reserve " + std::to_string(size_bytes) + " bytes on the disk");
  return {};
}

Result<void> write_at(int file, std::uint64_t offset, ByteView bytes, Faults* faults) {
  while (!bytes.empty()) {
    const ssize_t count = attempt(faults, "write", [&, wanted = most(faults, bytes.size())] {
      return ::pwrite(file, bytes.data(), wanted, static_cast<off_t>(offset));
    });
    if (count < 0) return failed("write a layer");
    if (count == 0) return fail(ErrorKind::no_space, "write a layer: the disk takes no more");
    offset += static_cast<std::uint64_t>(count);
    bytes = bytes.subspan(static_cast<std::size_t>(count));
  }
  return {};
}

Result<void> read_at(int file, std::uint64_t offset, MutableBytes out, Faults* faults) {
  while (!out.empty()) {
    const ssize_t count = attempt(faults, "read", [&, wanted = most(faults, out.size())] {
      return ::pread(file, out.data(), wanted, static_cast<off_t>(offset));
    });
    if (count < 0) return failed("read a layer");
    if (count == 0) return fail(ErrorKind::corrupt, "read a layer: the file is shorter than its size");
    offset += static_cast<std::uint64_t>(count);
    out = out.subspan(static_cast<std::size_t>(count));
  }
  return {};
}

Result<void> sync(int file, Faults* faults) {
  if (attempt(faults, "sync", [&] { return ::fsync(file); }) < 0) return failed("make a file durable");
  return {};
}

Result<void> truncate(int file, std::uint64_t size_bytes, Faults* faults) {
  const auto call = [&] { return ::ftruncate(file, static_cast<off_t>(size_bytes)); };
  if (attempt(faults, "truncate", call) < 0) return failed("cut a file");
  return {};
}

Result<std::uint64_t> size_of(int file) {
  struct stat status {};
  if (::fstat(file, &status) < 0) return failed("look at a file");
  if (!S_ISREG(status.st_mode)) return fail(ErrorKind::corrupt, "look at a file: it is not a regular file");
  return static_cast<std::uint64_t>(status.st_size);
}

bool is_same_file(int one, int other) {
  struct stat first {};
  struct stat second {};
  if (::fstat(one, &first) < 0 || ::fstat(other, &second) < 0) return false;
  return first.st_dev == second.st_dev && first.st_ino == second.st_ino;
}

void mark_used(int file) {
  const timespec times[2] = {{0, UTIME_NOW}, {0, UTIME_OMIT}};
  ::futimens(file, times);
}

Result<Descriptor> memory_file(std::uint64_t size_bytes) {
  Descriptor file(::memfd_create("shoal-layer", MFD_CLOEXEC));
  if (file.number() < 0) return failed("make a file in memory");
  const auto sized = truncate(file.number(), size_bytes, nullptr);
  if (!sized) return tl::unexpected(sized.error());
  return file;
}

Result<Descriptor> Disk::open(const std::string& path, int flags) const {
  const int all = flags | O_CLOEXEC | O_NOFOLLOW;
  const int file = attempt(faults_, "open", [&] { return ::openat(root(), path.c_str(), all, 0600); });
  if (file < 0) return failed("open " + path);
  return Descriptor(file);
}

Result<bool> Disk::make_directory(const std::string& path) const {
  if (attempt(faults_, "open", [&] { return ::mkdirat(root(), path.c_str(), 0700); }) == 0) return true;
  if (errno == EEXIST) return false;
  return failed("make the directory " + path);
}

Result<void> Disk::rename(const std::string& from, const std::string& to) const {
  const auto call = [&] { return ::renameat(root(), from.c_str(), root(), to.c_str()); };
  if (attempt(faults_, "rename", call) < 0) return failed("rename " + from + " to " + to);
  return {};
}

Result<bool> Disk::rename_new(const std::string& from, const std::string& to) const {
  const auto call = [&] { return ::renameat2(root(), from.c_str(), root(), to.c_str(), RENAME_NOREPLACE); };
  if (attempt(faults_, "rename", call) == 0) return true;
  if (errno == EEXIST) return false;
  return failed("rename " + from + " to " + to);
}

Result<void> Disk::remove(const std::string& path) const {
  if (attempt(faults_, "remove", [&] { return ::unlinkat(root(), path.c_str(), 0); }) == 0) return {};
  if (errno == ENOENT) return {};
  return failed("remove " + path);
}

bool Disk::exists(const std::string& path) const {
  return ::faccessat(root(), path.c_str(), F_OK, 0) == 0;
}

void Disk::remove_directory(const std::string& path) const {
  ::unlinkat(root(), path.c_str(), AT_REMOVEDIR);
}

Result<FileStatus> Disk::look(const std::string& path) const {
  struct stat status {};
  const auto call = [&] { return ::fstatat(root(), path.c_str(), &status, AT_SYMLINK_NOFOLLOW); };
  if (attempt(faults_, "look", call) < 0) return failed("look at " + path);
  if (!S_ISREG(status.st_mode)) return fail(ErrorKind::corrupt, "look at " + path + ": it is not a regular file");
  const auto nanoseconds = [](const timespec& time) { return time.tv_sec * 1'000'000'000 + time.tv_nsec; };
  return FileStatus{static_cast<std::uint64_t>(status.st_size),
                    std::max(nanoseconds(status.st_atim), nanoseconds(status.st_mtim))};
}

std::uint64_t Disk::free_bytes() const {
  struct statvfs status {};
  if (::fstatvfs(root(), &status) < 0) return 0;
  return status.f_bavail * status.f_frsize;
}

Result<void> Disk::sync_directory(const std::string& path) const {
  const auto directory = open(path, O_RDONLY | O_DIRECTORY);
  if (!directory) return tl::unexpected(directory.error());
  return sync(directory->number(), faults_);
}

}  // namespace shoal::store
