#include "shared/http/peer.hpp"

#include <sys/socket.h>

#include <cstring>
#include <optional>

namespace shoal::http {
namespace {

using asio::ip::tcp;

int family_of(const StreamSocket& socket) {
  IoError ignored;
  return socket.local_endpoint(ignored).protocol().family();
}

std::string uid_of(const StreamSocket& socket) {
  ucred credentials{};
  socklen_t size = sizeof credentials;
  auto& native = const_cast<StreamSocket&>(socket);  // asking for the descriptor is no change
  const bool is_told = ::getsockopt(native.native_handle(), SOL_SOCKET, SO_PEERCRED, &credentials, &size) == 0;
  return is_told ? text_of_user(credentials.uid) : "unknown";
}

}  // namespace

tcp::endpoint tcp_endpoint(const asio::generic::stream_protocol::endpoint& endpoint) {
  tcp::endpoint out;
  const int family = endpoint.protocol().family();
  if ((family != AF_INET && family != AF_INET6) || endpoint.size() > out.capacity()) return out;
  std::memcpy(out.data(), endpoint.data(), endpoint.size());
  out.resize(endpoint.size());
  return out;
}

std::string text_of_user(unsigned uid) {
  return "uid " + std::to_string(uid);
}

tcp::socket tcp_socket(StreamSocket socket) {
  const tcp protocol = family_of(socket) == AF_INET6 ? tcp::v6() : tcp::v4();
  tcp::socket out(socket.get_executor());
  IoError error;
  const int descriptor = socket.release(error);
  if (!error) out.assign(protocol, descriptor, error);
  return out;
}

Peer::Peer(const StreamSocket& socket, Time since) : since_(since) {
  IoError error;
  const auto other = socket.remote_endpoint(error);
  is_by_socket_file_ = !error && other.protocol().family() == AF_UNIX;
  if (is_by_socket_file_) {
    address_ = user_ = uid_of(socket);
  } else {
    address_ = tcp_endpoint(other).address().to_string();
  }
}

const std::string& Peer::user(const StreamSocket& socket, const LocalUsers& users, Time read_at) {
  if (user_.empty()) examine(socket, users, read_at);
  return user_;
}

// A client of this machine has this machine's address.
void Peer::examine(const StreamSocket& socket, const LocalUsers& users, Time read_at) {
  user_ = address_;
  IoError error;
  const tcp::endpoint own = tcp_endpoint(socket.local_endpoint(error));
  const tcp::endpoint other = tcp_endpoint(socket.remote_endpoint(error));
  const bool is_local = other.address().is_loopback() || other.address() == own.address();
  if (error || !is_local) return;
  key_ = local_key(other, own);
  const auto found = users.find(key_);
  const bool is_read = read_at > since_ && found != users.end();  // before, the same ports were perhaps another user's
  const auto uid = is_read ? std::optional(found->second) : user_of_connection(other, own);
  if (uid) user_ = text_of_user(*uid);
}

}  // namespace shoal::http
