#include "shared/program/notification.hpp"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cstddef>
#include <cstdlib>
#include <cstring>

#include "tests/doubles/temporary_directory.hpp"

using namespace shoal;

namespace {

// A service manager's socket; `name` as in NOTIFY_SOCKET.
class Manager {
 public:
  explicit Manager(const std::string& name) : socket_(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, name.data(), name.size());
    if (name[0] == '@') address.sun_path[0] = 0;
    const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name.size());
    REQUIRE(::bind(socket_, reinterpret_cast<const sockaddr*>(&address), length) == 0);
    ::setenv("NOTIFY_SOCKET", name.c_str(), 1);
  }
  ~Manager() {
    ::unsetenv("NOTIFY_SOCKET");
    ::close(socket_);
  }
  Manager(const Manager&) = delete;
  Manager& operator=(const Manager&) = delete;

  // One datagram; empty when none is there.
  std::string received() const {
    char buffer[256];
    const ssize_t size = ::recv(socket_, buffer, sizeof buffer, 0);
    return {buffer, size < 0 ? 0 : static_cast<std::size_t>(size)};
  }

 private:
  int socket_;
};

}  // namespace

TEST_CASE("the service manager is told at a path and at an abstract name, one datagram a state") {
  const TemporaryDirectory directory;
  for (const std::string& name :
       {directory.path() + "/notify", "@shoal-test-" + std::to_string(::getpid()) + directory.path()}) {
    const Manager manager(name);
    program::notify_service_manager("READY=1");
    program::notify_service_manager("STOPPING=1");
    CHECK(manager.received() == "READY=1");
    CHECK(manager.received() == "STOPPING=1");
    CHECK(manager.received().empty());
  }
}

TEST_CASE("a program goes on whatever NOTIFY_SOCKET names") {
  const std::string too_long = "/" + std::string(200, 'a');
  for (const char* name : {"", "@", "relative", "/no/such/socket", "vsock:2:1234", too_long.c_str()}) {
    ::setenv("NOTIFY_SOCKET", name, 1);
    program::notify_service_manager("READY=1");
  }
  ::unsetenv("NOTIFY_SOCKET");
  program::notify_service_manager("READY=1");
}
