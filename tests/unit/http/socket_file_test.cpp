// A server's Unix socket: how its file comes and goes, and who is served over it.
#include "shared/http/socket_file.hpp"

#include <sys/stat.h>
#include <sys/un.h>

#include <filesystem>
#include <fstream>

#include "tests/unit/http/raw_client.hpp"
#include "tests/unit/http/server_fixture.hpp"

using namespace shoal;
using namespace shoal::test;
using http::SocketFile;

namespace {

struct Directory {
  Directory() {
    char name[] = "/tmp/shoal-test-XXXXXX";
    if (::mkdtemp(name) == nullptr) std::abort();
    path = name;
  }
  ~Directory() { std::filesystem::remove_all(path); }
  std::string socket() const { return path + "/registry.sock"; }
  std::string path;
};

struct Opened {
  explicit Opened(SocketFile& file) {
    const auto opened = file.open();
    REQUIRE(opened);
    descriptor = *opened;
  }
  ~Opened() { ::close(descriptor); }
  Opened(const Opened&) = delete;
  Opened& operator=(const Opened&) = delete;
  int descriptor = -1;
};

std::string why_not(const std::string& path) {
  try {
    SocketFile file(path, "registry");
  } catch (const StartError& error) {
    return error.what();
  }
  return "";
}

Task<void> tell(http::Exchange& exchange) {
  const http::Request& request = exchange.request();
  http::Response response;
  response.body = request.client + (request.is_by_socket_file ? " by socket, Host " : " by TCP, Host ") +
                  http::find_header(request.headers, "Host").value_or("none");
  co_await exchange.respond(std::move(response));
}

http::ServerOptions with_socket(const Directory& directory) {
  http::ServerOptions options;
  options.socket_file = directory.socket();
  return options;
}

std::string answer_of(RawClient& client, const std::string& request) {
  client.send(request);
  std::string received;
  client.read_until(received, "Host ");
  return received;
}

}  // namespace

TEST_CASE("a socket file has mode 0660, and goes with its owner") {
  Directory directory;
  {
    SocketFile file(directory.socket(), "registry");
    CHECK_FALSE(std::filesystem::exists(directory.socket()));
    Opened opened(file);
    struct stat made {};
    REQUIRE(::lstat(directory.socket().c_str(), &made) == 0);
    CHECK(S_ISSOCK(made.st_mode));
    CHECK((made.st_mode & 0777) == 0660);
  }
  CHECK(std::filesystem::is_empty(directory.path));
}

TEST_CASE("the file of an ended process is replaced, and one that a process listens on is not") {
  Directory directory;
  SocketFile first(directory.socket(), "registry");
  {
    Opened opened(first);
    const std::string cause = why_not(directory.socket());
    CHECK(cause == "registry: cannot listen on " + directory.socket() +
                       ": another process listens there; stop it, or name another path");
  }
  REQUIRE(std::filesystem::exists(directory.socket()));  // closed as by a kill
  SocketFile second(directory.socket(), "registry");
  Opened opened(second);
  first.remove();  // not its own any more
  CHECK(std::filesystem::exists(directory.socket()));
}

TEST_CASE("what keeps a socket file from being made is told with what to do") {
  Directory directory;
  std::ofstream(directory.path + "/file") << "kept";
  CHECK(why_not(directory.path + "/file").ends_with("a file that is no socket has that name; remove it, or name another path"));
  CHECK(std::filesystem::file_size(directory.path + "/file") == 4);
  CHECK(why_not(directory.path + "/none/registry.sock").find("RuntimeDirectory=shoal") != std::string::npos);
  CHECK(why_not(directory.path + "/" + std::string(100, 'x')).find("too long") != std::string::npos);
  CHECK(why_not(directory.socket()).empty());
}

TEST_CASE("a server answers over its socket file, under any Host, and says whose the client is") {
  Directory directory;
  ServerFixture fixture(tell, with_socket(directory));
  const std::string user = "uid " + std::to_string(::getuid());
  RawClient client(directory.socket());
  CHECK(answer_of(client, "GET /v2/ HTTP/1.1\r\nHost: anything\r\n\r\n").ends_with(user + " by socket, Host anything"));
  CHECK(answer_of(client, "GET /v2/ HTTP/1.0\r\n\r\n").ends_with(user + " by socket, Host localhost"));
  RawClient other(fixture.port());
  CHECK(answer_of(other, "GET /v2/ HTTP/1.1\r\nHost: h\r\n\r\n").ends_with("127.0.0.1 by TCP, Host h"));
  fixture.stop_server();
  CHECK_FALSE(std::filesystem::exists(directory.socket()));
}

TEST_CASE("a body of 20 MiB leaves by sendfile over a socket file") {
  Directory directory;
  const std::string content = patterned(20 << 20);
  const auto file = file_with(content);
  ServerFixture fixture(
      [file](http::Exchange& exchange) -> Task<void> {
        http::Response response;
        response.length = file.length;
        const auto started = co_await exchange.start(std::move(response));
        if (started) (void)co_await exchange.send(file);
      },
      with_socket(directory));
  RawClient client(directory.socket());
  client.send("GET /a HTTP/1.1\r\nHost: h\r\n\r\n");
  std::string received;
  REQUIRE(client.read_until(received, "\r\n\r\n"));
  received.erase(0, received.find("\r\n\r\n") + 4);
  client.read_exactly(received, content.size());
  CHECK(received == content);
}

TEST_CASE("a WebSocket is refused over a socket file") {
  Directory directory;
  ServerFixture fixture(
      [](http::Exchange& exchange) -> Task<void> {
        const auto socket = co_await exchange.upgrade("shoal");
        (void)socket;
      },
      with_socket(directory));
  RawClient client(directory.socket());
  client.send(
      "GET / HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
      "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: shoal\r\n\r\n");
  std::string received;
  CHECK(client.read_until(received, "a WebSocket needs a TCP connection"));
  CHECK(received.starts_with("HTTP/1.1 426"));
}
