// Peer: who is at the other end of a server's connection, as the kernel tells.
//
// Threads: the loop.
#pragma once

#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <string>

#include "shared/core/clock.hpp"
#include "shared/http/local_users.hpp"

namespace shoal::http {

using StreamSocket = asio::generic::stream_protocol::socket;  // of TCP or of a Unix socket

class Peer {
 public:
  Peer(const StreamSocket& socket, Time since);

  const std::string& address() const { return address_; }  // for logs: an IP address, or "uid 1000" of a Unix socket
  bool is_by_socket_file() const { return is_by_socket_file_; }

  // The one whose places are counted: "uid 1000" when the kernel tells, else the address. `users` were read at
  // `read_at`; of a later connection the kernel is asked. Called only when places are short.
  const std::string& user(const StreamSocket& socket, const LocalUsers& users, Time read_at);
  // Of a TCP connection from this machine, once `user` was asked; else empty.
  const std::string& key() const { return key_; }

 private:
  void examine(const StreamSocket& socket, const LocalUsers& users, Time read_at);

  std::string address_;
  std::string user_;  // empty: not asked yet
  std::string key_;
  Time since_;
  bool is_by_socket_file_ = false;
};

asio::ip::tcp::endpoint tcp_endpoint(const asio::generic::stream_protocol::endpoint& endpoint);
std::string text_of_user(unsigned uid);  // "uid 1000"

// The same connection as what a WebSocket takes; of TCP alone.
asio::ip::tcp::socket tcp_socket(StreamSocket socket);

}  // namespace shoal::http
