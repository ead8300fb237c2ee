#include "shared/http/server.hpp"

#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <optional>

#include "shared/http/acceptors.hpp"
#include "shared/http/crowd.hpp"
#include "shared/http/socket_file.hpp"
#include "shared/log/log.hpp"

namespace shoal::http {
namespace {

using asio::ip::tcp;

constexpr Milliseconds pause_without_descriptors{100};  // until a connection may have ended; trying again at once would not help
constexpr std::size_t most_closed_unheard = 2'048;  // before others of the loop have their turn

using Acceptor = asio::basic_socket_acceptor<asio::generic::stream_protocol>;  // of TCP or of a Unix socket

std::vector<std::uint16_t> ports_of(const std::vector<tcp::acceptor>& acceptors) {
  std::vector<std::uint16_t> ports;
  for (const tcp::acceptor& each : acceptors) ports.push_back(each.local_endpoint().port());
  std::sort(ports.begin(), ports.end());
  ports.erase(std::unique(ports.begin(), ports.end()), ports.end());
  return ports;
}

// The kernel tells how many wait at a TCP listener, and as how many may, in the fields of a connection's segments that are
// not acknowledged, and are so selectively.
Crowd::Waiting waiting_at(Acceptor& acceptor) {
  IoError ignored;
  if (acceptor.local_endpoint(ignored).protocol().family() == AF_UNIX) return {.at_socket_file = true};
  tcp_info info{};
  socklen_t size = sizeof info;
  const bool is_told = ::getsockopt(acceptor.native_handle(), IPPROTO_TCP, TCP_INFO, &info, &size) == 0;
  if (!is_told) return {};
  return {.clients = std::max<std::size_t>(info.tcpi_unacked, 1), .most = info.tcpi_sacked};
}

}  // namespace

struct Server::Impl {
  Impl(std::shared_ptr<ServerShared> s, std::string n, std::vector<tcp::acceptor> listening)
      : loop(s->parts.loop),
        name(std::move(n)),
        address(text_of_endpoint(listening[0].local_endpoint())),
        shared(std::move(s)),
        crowd(shared, name, ports_of(listening)) {
    for (tcp::acceptor& each : listening) acceptors.emplace_back(std::move(each));
    if (!shared->options.socket_file.empty()) socket_file.emplace(shared->options.socket_file, name);
  }

  // On the list until its coroutine ends or is destroyed, which may be before the coroutine has begun.
  struct Place {
    std::shared_ptr<Impl> impl;
    std::shared_ptr<Connection> connection;
    Place(std::shared_ptr<Impl> i, std::shared_ptr<Connection> c) : impl(std::move(i)), connection(std::move(c)) {
      impl->crowd.add(connection.get());
    }
    Place(const Place&) = delete;
    Place& operator=(const Place&) = delete;
    ~Place() { impl->crowd.remove(connection.get()); }
  };

  static void accept_all(const std::shared_ptr<Impl>& impl) {
    for (std::size_t i = 0; i < impl->acceptors.size(); ++i) spawn(impl->loop, accept(impl, i));
  }
  static Task<void> accept(std::shared_ptr<Impl> impl, std::size_t index);  // of the acceptor
  static Task<void> serve(std::unique_ptr<Place> place);
  struct Accepted {
    std::shared_ptr<Connection> connection{};  // none: no client waits
    bool is_exhausted = false;                 // the process has no descriptor or memory left for a socket
  };
  Accepted accept_one(Acceptor& acceptor);
  static bool accept_waiting(const std::shared_ptr<Impl>& impl, Acceptor& acceptor);
  static void accept_others(const std::shared_ptr<Impl>& impl, Acceptor& acceptor, const std::string& most);
  static void begin(const std::shared_ptr<Impl>& impl, std::shared_ptr<Connection> connection);
  Result<void> open_socket_file();  // before the first `accept`
  void stop_listening() {
    shared->stopping = true;
    IoError ignored;
    for (Acceptor& acceptor : acceptors) acceptor.close(ignored);
    if (socket_file) socket_file->remove();
    const std::list<Connection*> idle = shared->waiting;
    for (Connection* connection : idle) connection->end_idle();
    crowd.notify();
  }

  Loop& loop;
  std::string name;
  std::vector<Acceptor> acceptors;  // one for each address, at least one; the socket file's last
  std::string address;              // of the first
  std::shared_ptr<ServerShared> shared;
  Crowd crowd;
  std::optional<SocketFile> socket_file;
};

Result<void> Server::Impl::open_socket_file() {
  if (!socket_file) return {};
  const auto descriptor = socket_file->open();
  if (!descriptor) return tl::unexpected(descriptor.error());
  acceptors.emplace_back(loop, asio::generic::stream_protocol(AF_UNIX, 0), *descriptor);
  return {};
}

Task<void> Server::Impl::serve(std::unique_ptr<Place> place) {
  co_await Connection::serve(place->connection);
}

void Server::Impl::begin(const std::shared_ptr<Impl>& impl, std::shared_ptr<Connection> connection) {
  spawn(impl->loop, serve(std::make_unique<Place>(impl, std::move(connection))));
}

Server::Impl::Accepted Server::Impl::accept_one(Acceptor& acceptor) {
  const int descriptor = ::accept4(acceptor.native_handle(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
  if (descriptor < 0) {
    return {.is_exhausted = errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM};
  }
  StreamSocket socket(loop);
  IoError error;
  socket.assign(acceptor.local_endpoint(error).protocol(), descriptor, error);
  if (error) {
    ::close(descriptor);
    return {.is_exhausted = true};
  }
  return {.connection = std::make_shared<Connection>(std::move(socket), shared)};
}

// False when the process has no descriptor or memory left for a socket.
bool Server::Impl::accept_waiting(const std::shared_ptr<Impl>& impl, Acceptor& acceptor) {
  while (!impl->crowd.is_full()) {
    Accepted accepted = impl->accept_one(acceptor);
    if (!accepted.connection) return !accepted.is_exhausted;
    begin(impl, std::move(accepted.connection));
  }
  return true;
}

// The kernel gives the clients that wait in their order: those of the user `most` before another's are closed unheard.
void Server::Impl::accept_others(const std::shared_ptr<Impl>& impl, Acceptor& acceptor, const std::string& most) {
  for (std::size_t i = 0; i < most_closed_unheard && acceptor.is_open(); ++i) {
    Accepted accepted = impl->accept_one(acceptor);
    if (!accepted.connection) break;
    if (!impl->crowd.is_let_in(*accepted.connection, most)) continue;
    begin(impl, std::move(accepted.connection));
    break;
  }
}

Task<void> Server::Impl::accept(std::shared_ptr<Impl> impl, std::size_t index) {
  Acceptor& acceptor = impl->acceptors[index];
  while (acceptor.is_open()) {
    IoError error;
    co_await acceptor.async_wait(Acceptor::wait_read, into(error));
    if (!acceptor.is_open()) break;
    if (impl->crowd.is_full()) {
      std::optional<std::string> most = co_await impl->crowd.make_room(waiting_at(acceptor));
      if (!acceptor.is_open()) break;
      if (most) {
        accept_others(impl, acceptor, *most);
        continue;
      }
    }
    // At once: else a client at another address takes the place that was made.
    if (accept_waiting(impl, acceptor)) continue;
    log::warning("http", "no descriptor for a further connection",
                 {{"server", impl->name}, {"next", "raise LimitNOFILE of the unit"}});
    co_await impl->shared->parts.clock.sleep(pause_without_descriptors);
  }
}

Server::Server(Parts parts, ServerOptions options, std::string name, Handler handler) {
  auto listening = listen_at(parts.loop, options.listen, name, options.is_closed_at_first);
  auto shared = std::make_shared<ServerShared>(ServerShared{parts, std::move(options), std::move(handler)});
  impl_ = std::make_shared<Impl>(std::move(shared), std::move(name), std::move(listening));
  if (impl_->shared->options.is_closed_at_first) return;
  const auto opened = impl_->open_socket_file();
  if (!opened) throw StartError(opened.error().what);
  Impl::accept_all(impl_);
}

Server::~Server() {
  impl_->stop_listening();
  impl_->crowd.cut_all();
}

std::string Server::address() const {
  return impl_->address;
}
Result<void> Server::start_listening() {
  for (Acceptor& acceptor : impl_->acceptors) {
    IoError error;
    acceptor.listen(backlog, error);
    if (error) return fail(ErrorKind::unavailable, impl_->name + ": listen on " + impl_->address + ": " + error.message());
  }
  const auto opened = impl_->open_socket_file();
  if (!opened) return opened;
  Impl::accept_all(impl_);
  return {};
}
void Server::stop_listening() {
  impl_->stop_listening();
}
std::size_t Server::open_exchanges() const {
  return impl_->shared->open_exchanges;
}

}  // namespace shoal::http
