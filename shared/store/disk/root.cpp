// The start of a store: its directory is opened, locked and made ready.
#include "shared/store/disk/root.hpp"

#include <fcntl.h>
#include <sys/file.h>

#include <cerrno>
#include <filesystem>

#include "shared/store/disk/refuse_start.hpp"

namespace shoal::store {
namespace {

namespace fs = std::filesystem;

template <class T>
T need(const Options& options, Result<T> result) {
  if (!result) refuse_start(options, result.error());
  if constexpr (!std::is_void_v<T>) return std::move(*result);
}

File open_directory(const Options& options) {
  std::error_code error;
  const bool is_new = fs::create_directories(options.path, error);
  if (!error && is_new) fs::permissions(options.path, fs::perms::owner_all, error);
  if (error) refuse_start(options, from_errno(error.value(), "make the directory"));
  const int directory = ::open(options.path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (directory < 0) refuse_start(options, from_errno(errno, "open the directory"));
  return File(directory);
}

File take_lock(const Options& options, const Disk& disk) {
  File lock = need(options, disk.open("lock", O_RDWR | O_CREAT));
  if (::flock(lock.descriptor(), LOCK_EX | LOCK_NB) == 0) return lock;
  if (errno == EWOULDBLOCK) {
    refuse_start(options, "it is in use by another process", "stop it or give [store] path another directory");
  }
  refuse_start(options, from_errno(errno, "lock it"));
}

void make_directories(const Options& options, const Disk& disk) {
  for (const char* path : {"tmp", "partial", "layers", "layers/sha256", "layers/sha512"})
    need(options, disk.make_directory(path));
  for (const char* path : {".", "layers"}) need(options, disk.sync_directory(path));
}

void empty_temporaries(const Options& options) {
  std::error_code error;
  for (fs::directory_iterator entry(options.path + "/tmp", error), end; !error && entry != end;
       entry.increment(error)) {
    fs::remove_all(entry->path(), error);
    if (error) break;
  }
  if (error) refuse_start(options, from_errno(error.value(), "empty tmp/"));
}

// Finds out now, and not at the first layer, whether this file system can rename as a commit does.
void try_rename(const Options& options, const Disk& disk) {
  need(options, disk.remove("layers/probe"));
  need(options, disk.open("tmp/probe", O_RDWR | O_CREAT | O_EXCL));
  need(options, disk.rename_new("tmp/probe", "layers/probe"));
  need(options, disk.remove("layers/probe"));
}

}  // namespace

RootHandle open_root(const Options& options) {
  Disk disk(open_directory(options), options.faults);
  File lock = take_lock(options, disk);
  make_directories(options, disk);
  empty_temporaries(options);
  try_rename(options, disk);
  return RootHandle(new Root{std::move(disk), std::move(lock), {}, options.memory});
}

}  // namespace shoal::store
