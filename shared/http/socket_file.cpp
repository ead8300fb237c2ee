#include "shared/http/socket_file.hpp"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "shared/http/acceptors.hpp"

namespace shoal::http {
namespace {

constexpr mode_t socket_mode = 0660;
constexpr char new_suffix[] = ".new";  // of the name until it listens

std::string text_of_errno(int number) {
  return std::error_code(number, std::generic_category()).message();
}

sockaddr_un address_of(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path.data(), std::min(path.size(), sizeof address.sun_path - 1));
  return address;
}

int new_socket() {
  return ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
}

// 0: a process listens there; else the errno of a client.
int try_connect(const std::string& path) {
  const int descriptor = new_socket();
  if (descriptor < 0) return errno;
  const sockaddr_un address = address_of(path);
  const int failed = ::connect(descriptor, reinterpret_cast<const sockaddr*>(&address), sizeof address);
  const int error = failed == 0 || errno == EAGAIN ? 0 : errno;
  ::close(descriptor);
  return error;
}

std::string directory_of(const std::string& path) {
  const std::size_t end = path.rfind('/');
  return end == 0 || end == std::string::npos ? "/" : path.substr(0, end);
}

}  // namespace

SocketFile::SocketFile(std::string path, std::string name) : path_(std::move(path)), name_(std::move(name)) {
  const auto fits = check();
  if (!fits) throw StartError(fits.error().what);
}

tl::unexpected<Error> SocketFile::cannot(const std::string& cause, const std::string& next) const {
  return fail(ErrorKind::unavailable, name_ + ": cannot listen on " + path_ + ": " + cause + "; " + next);
}

Result<void> SocketFile::check() const {
  if (path_.size() + sizeof new_suffix > sizeof(sockaddr_un::sun_path))
    return cannot("the path is too long for a Unix socket", "choose one of at most 103 bytes");
  struct stat seen{};
  if (::lstat(path_.c_str(), &seen) != 0) {
    int error = errno;
    const std::string directory = directory_of(path_);
    if (error == ENOENT && ::access(directory.c_str(), W_OK | X_OK) == 0) return {};
    if (error == ENOENT) error = errno;
    return cannot("no file can be made in " + directory + " (" + text_of_errno(error) + ")",
                  "make the directory; RuntimeDirectory=shoal in the unit makes /run/shoal");
  }
  if (!S_ISSOCK(seen.st_mode)) return cannot("a file that is no socket has that name", "remove it, or name another path");
  const int error = try_connect(path_);
  if (error == 0) return cannot("another process listens there", "stop it, or name another path");
  if (error != ECONNREFUSED && error != ENOENT) return cannot(text_of_errno(error), "remove the file, or name another path");
  return {};
}

Result<void> SocketFile::bind_and_listen(int descriptor) const {
  const std::string made = path_ + new_suffix;
  const sockaddr_un address = address_of(made);
  ::unlink(made.c_str());  // of a start that was cut off
  if (::bind(descriptor, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
    return cannot(text_of_errno(errno), "look at the directory");
  const bool named = ::chmod(made.c_str(), socket_mode) == 0 && ::listen(descriptor, backlog) == 0 &&
                     ::rename(made.c_str(), path_.c_str()) == 0;
  if (!named) return cannot(text_of_errno(errno), "look at the directory");
  return {};
}

Result<int> SocketFile::open() {
  auto fits = check();
  if (!fits) return tl::unexpected(fits.error());
  const int descriptor = new_socket();
  if (descriptor < 0) return cannot(text_of_errno(errno), "raise LimitNOFILE of the unit");
  auto bound = bind_and_listen(descriptor);
  struct stat made{};
  if (bound && ::lstat(path_.c_str(), &made) != 0) bound = cannot(text_of_errno(errno), "look at the directory");
  if (!bound) {
    ::unlink((path_ + new_suffix).c_str());
    ::close(descriptor);
    return tl::unexpected(bound.error());
  }
  device_ = made.st_dev;
  inode_ = made.st_ino;
  return descriptor;
}

void SocketFile::remove() {
  if (inode_ == 0) return;
  struct stat seen{};
  const bool is_ours =
      ::lstat(path_.c_str(), &seen) == 0 && seen.st_dev == device_ && seen.st_ino == inode_;
  if (is_ours) ::unlink(path_.c_str());
  inode_ = 0;
}

}  // namespace shoal::http
