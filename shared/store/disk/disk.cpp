#include "shared/store/disk/disk.hpp"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>

#include "shared/store/disk/attempt.hpp"

namespace shoal::store {

Result<File> Disk::open(const std::string& path, int flags) const {
  const int all = flags | O_CLOEXEC | O_NOFOLLOW;
  const int file = attempt(faults_, "open", [&] { return ::openat(root(), path.c_str(), all, 0600); });
  if (file < 0) return failed("open " + path);
  return File(file, faults_);
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

Space Disk::space() const {
  const auto told = faults_ == nullptr ? std::nullopt : faults_->space();
  if (told) return *told;
  struct statvfs status {};
  if (::fstatvfs(root(), &status) < 0) return {};
  return {status.f_blocks * status.f_frsize, status.f_bavail * status.f_frsize};
}

Result<void> Disk::sync_directory(const std::string& path) const {
  const auto directory = open(path, O_RDONLY | O_DIRECTORY);
  if (!directory) return tl::unexpected(directory.error());
  return directory->sync();
}

}  // namespace shoal::store
