#include "shared/http/server.hpp"

#include <sys/socket.h>

#include <boost/asio/ip/tcp.hpp>
#include <unordered_set>

#include "shared/core/signal.hpp"
#include "shared/http/acceptors.hpp"
#include "shared/http/connection.hpp"
#include "shared/log/log.hpp"

namespace shoal::http {
namespace {

using asio::ip::tcp;

constexpr Milliseconds look_again{100};  // while all places are taken: a connection may be silent for long enough now
constexpr Milliseconds pause_without_descriptors{100};  // until a connection may have ended; trying again at once would not help

}  // namespace

struct Server::Impl {
  Impl(Parts parts, ServerOptions options, std::string n, Handler handler)
      : loop(parts.loop),
        name(std::move(n)),
        acceptors(listen_at(loop, options.listen, name, options.is_closed_at_first)),
        address(text_of_endpoint(acceptors[0].local_endpoint())),
        shared(std::make_shared<ServerShared>(ServerShared{parts, std::move(options), std::move(handler)})),
        room(loop) {}

  // On the list until its coroutine ends or is destroyed, which may be before the coroutine has begun.
  struct Place {
    std::shared_ptr<Impl> impl;
    std::shared_ptr<Connection> connection;
    Place(std::shared_ptr<Impl> i, std::shared_ptr<Connection> c) : impl(std::move(i)), connection(std::move(c)) {
      impl->connections.insert(connection.get());
    }
    Place(const Place&) = delete;
    Place& operator=(const Place&) = delete;
    ~Place() {
      impl->connections.erase(connection.get());
      impl->room.notify();
    }
  };

  static void accept_all(const std::shared_ptr<Impl>& impl) {
    for (std::size_t i = 0; i < impl->acceptors.size(); ++i) spawn(impl->loop, accept(impl, i));
  }
  static Task<void> accept(std::shared_ptr<Impl> impl, std::size_t index);  // of the acceptor
  static Task<void> serve(std::unique_ptr<Place> place);
  static bool accept_waiting(const std::shared_ptr<Impl>& impl, tcp::acceptor& acceptor);
  void stop_listening() {
    shared->stopping = true;
    IoError ignored;
    for (tcp::acceptor& acceptor : acceptors) acceptor.close(ignored);
    const std::list<Connection*> idle = shared->waiting;
    for (Connection* connection : idle) connection->end_idle();
    room.notify();
  }

  Loop& loop;
  std::string name;
  std::vector<tcp::acceptor> acceptors;  // one for each address, at least one
  std::string address;                   // of the first
  std::shared_ptr<ServerShared> shared;
  std::unordered_set<Connection*> connections;
  Signal room;  // a connection has ended, or the server stops
};

Task<void> Server::Impl::serve(std::unique_ptr<Place> place) {
  co_await Connection::serve(place->connection);
}

// False when the process has no descriptor or memory left for a socket.
bool Server::Impl::accept_waiting(const std::shared_ptr<Impl>& impl, tcp::acceptor& acceptor) {
  while (impl->connections.size() < impl->shared->options.connections) {
    const int descriptor = ::accept4(acceptor.native_handle(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (descriptor < 0) {
      if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) return false;
      return true;
    }
    tcp::socket socket(impl->loop);
    IoError error;
    socket.assign(acceptor.local_endpoint(error).protocol(), descriptor, error);
    if (error) {
      ::close(descriptor);
      return false;
    }
    auto place = std::make_unique<Place>(impl, std::make_shared<Connection>(std::move(socket), impl->shared));
    spawn(impl->loop, serve(std::move(place)));
  }
  return true;
}

Task<void> Server::Impl::accept(std::shared_ptr<Impl> impl, std::size_t index) {
  tcp::acceptor& acceptor = impl->acceptors[index];
  while (acceptor.is_open()) {
    IoError error;
    co_await acceptor.async_wait(tcp::acceptor::wait_read, into(error));
    if (!acceptor.is_open()) break;
    if (impl->connections.size() >= impl->shared->options.connections) {
      // The connection that has waited longest for a request is closed: many silent clients keep no other client out.
      const auto& waiting = impl->shared->waiting;
      if (!waiting.empty() && waiting.front()->gives_way()) waiting.front()->cut();
      co_await impl->room.wait_for(impl->shared->parts.clock, look_again);
      continue;
    }
    if (accept_waiting(impl, acceptor)) continue;
    log::warning("http", "no descriptor for a further connection",
                 {{"server", impl->name}, {"next", "raise LimitNOFILE of the unit"}});
    co_await impl->shared->parts.clock.sleep(pause_without_descriptors);
  }
}

Server::Server(Parts parts, ServerOptions options, std::string name, Handler handler)
    : impl_(std::make_shared<Impl>(parts, std::move(options), std::move(name), std::move(handler))) {
  if (!impl_->shared->options.is_closed_at_first) Impl::accept_all(impl_);
}

Server::~Server() {
  impl_->stop_listening();
  for (Connection* connection : impl_->connections) connection->cut();
}

std::string Server::address() const {
  return impl_->address;
}
Result<void> Server::start_listening() {
  for (tcp::acceptor& acceptor : impl_->acceptors) {
    IoError error;
    acceptor.listen(backlog, error);
    if (error) return fail(ErrorKind::unavailable, impl_->name + ": listen on " + impl_->address + ": " + error.message());
  }
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
