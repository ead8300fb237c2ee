#include "shared/program/notification.hpp"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <string>

#include "shared/core/result.hpp"
#include "shared/log/log.hpp"

namespace shoal::program {
namespace {

// "@name" is a name in the abstract name space, which begins with a zero byte.
Result<void> send_to(const std::string& name, std::string_view state) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const bool is_absolute = name.starts_with('/') || name.starts_with('@');
  if (!is_absolute || name.size() < 2 || name.size() > sizeof address.sun_path)
    return fail(ErrorKind::refused, "NOTIFY_SOCKET is neither a path nor an abstract name");
  std::memcpy(address.sun_path, name.data(), name.size());
  if (name[0] == '@') address.sun_path[0] = '\0';
  const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name.size());
  const int socket = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (socket < 0) return tl::unexpected(from_errno(errno, "open a socket"));
  const ssize_t sent = ::sendto(socket, state.data(), state.size(), MSG_DONTWAIT | MSG_NOSIGNAL,
                                reinterpret_cast<const sockaddr*>(&address), length);
  const int error = errno;
  ::close(socket);
  if (sent < 0) return tl::unexpected(from_errno(error, "send to NOTIFY_SOCKET"));
  return {};
}

}  // namespace

void notify_service_manager(std::string_view state) {
  const char* name = std::getenv("NOTIFY_SOCKET");
  if (name == nullptr || *name == 0) return;
  const Result<void> sent = send_to(name, state);
  if (sent) return;
  log::warning("program", "service manager not notified",
               {{"state", state},
                {"cause", sent.error().what},
                {"next", "a service manager that sets NOTIFY_SOCKET must give the program that socket"}});
}

}  // namespace shoal::program
