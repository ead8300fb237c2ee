#include "shared/store/disk/file.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "shared/store/disk/attempt.hpp"

namespace shoal::store {
namespace {

std::size_t most(Faults* faults, std::size_t wanted) {
  return faults == nullptr ? wanted : faults->most(wanted);
}

}  // namespace

File::~File() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

Result<void> File::allocate(std::uint64_t size_bytes) const {
  if (size_bytes == 0) return {};  // fallocate refuses it
  const auto size = static_cast<off_t>(size_bytes);
  int result = attempt(faults_, "allocate", [&] { return ::fallocate(descriptor_, 0, 0, size); });
  // Without fallocate the space is not reserved on the disk; a later write may then find it full, and says so.
  if (result < 0 && errno == EOPNOTSUPP) result = ::ftruncate(descriptor_, size);
  if (result < 0) return failed("reserve " + std::to_string(size_bytes) + " bytes on the disk");
  return {};
}

Result<void> File::write_at(std::uint64_t offset, ByteView bytes) const {
  while (!bytes.empty()) {
    const ssize_t count = attempt(faults_, "write", [&, wanted = most(faults_, bytes.size())] {
      return ::pwrite(descriptor_, bytes.data(), wanted, static_cast<off_t>(offset));
    });
    if (count < 0) return failed("write a layer");
    if (count == 0) return fail(ErrorKind::no_space, "write a layer: the disk takes no more");
    offset += static_cast<std::uint64_t>(count);
    bytes = bytes.subspan(static_cast<std::size_t>(count));
  }
  return {};
}

Result<void> File::read_at(std::uint64_t offset, MutableBytes out) const {
  while (!out.empty()) {
    const ssize_t count = attempt(faults_, "read", [&, wanted = most(faults_, out.size())] {
      return ::pread(descriptor_, out.data(), wanted, static_cast<off_t>(offset));
    });
    if (count < 0) return failed("read a layer");
    if (count == 0) return fail(ErrorKind::corrupt, "read a layer: the file is shorter than its size");
    offset += static_cast<std::uint64_t>(count);
    out = out.subspan(static_cast<std::size_t>(count));
  }
  return {};
}

Result<void> File::sync() const {
  if (attempt(faults_, "sync", [&] { return ::fsync(descriptor_); }) < 0) return failed("make a file durable");
  return {};
}

Result<void> File::truncate(std::uint64_t size_bytes) const {
  const auto call = [&] { return ::ftruncate(descriptor_, static_cast<off_t>(size_bytes)); };
  if (attempt(faults_, "truncate", call) < 0) return failed("cut a file");
  return {};
}

// Always possible in memory, where alone it is used.
void File::punch(std::uint64_t offset, std::uint64_t length) const {
  constexpr int how = FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE;
  while (::fallocate(descriptor_, how, static_cast<off_t>(offset), static_cast<off_t>(length)) < 0 && errno == EINTR)
    continue;
}

Result<std::uint64_t> File::size() const {
  struct stat status {};
  if (::fstat(descriptor_, &status) < 0) return failed("look at a file");
  if (!S_ISREG(status.st_mode)) return fail(ErrorKind::corrupt, "look at a file: it is not a regular file");
  return static_cast<std::uint64_t>(status.st_size);
}

bool File::is_same(const File& other) const {
  struct stat first {};
  struct stat second {};
  if (::fstat(descriptor_, &first) < 0 || ::fstat(other.descriptor_, &second) < 0) return false;
  return first.st_dev == second.st_dev && first.st_ino == second.st_ino;
}

void File::mark_used() const {
  const timespec times[2] = {{0, UTIME_NOW}, {0, UTIME_OMIT}};
  ::futimens(descriptor_, times);
}

Result<File> make_memory_file(std::uint64_t size_bytes) {
  File file(::memfd_create("shoal-layer", MFD_CLOEXEC));
  if (file.descriptor() < 0) return failed("make a file in memory");
  const auto sized = file.truncate(size_bytes);
  if (!sized) return tl::unexpected(sized.error());
  return file;
}

}  // namespace shoal::store
