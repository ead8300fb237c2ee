// Crowd: the connections of a server, and the room that is made when there are as many as may be (room.hpp).
//
// Users are asked of the kernel only then, on a serve thread, ten times a second at most.
// Threads: the loop.
#pragma once

#include <memory>
#include <optional>
#include <set>
#include <string>
#include <unordered_set>

#include "shared/core/signal.hpp"
#include "shared/http/connection.hpp"
#include "shared/http/room.hpp"

namespace shoal::http {

class Crowd {
 public:
  // `ports`: those of TCP that the server listens on.
  Crowd(std::shared_ptr<ServerShared> shared, std::string server, std::vector<std::uint16_t> ports);

  void add(Connection* connection) { connections_.insert(connection); }
  void remove(Connection* connection);
  bool is_full() const;
  void cut_all();
  void notify() { room_.notify(); }  // the server stops

  // Clients that wait at one listener.
  struct Waiting {
    std::size_t clients = 1;
    bool at_socket_file = false;
  };
  // Closes connections for them, or waits until one has ended, a tenth of a second at most. When they are more than that
  // helps, and another user is among them, the value is the user that keeps all others out: `is_let_in` then decides on
  // each client that waits.
  Task<std::optional<std::string>> make_room(Waiting waiting);

  // Whether the new connection, of a client that has waited, is served: not one of the user `most`, which is closed; for
  // another's, one of `most` is.
  Task<bool> is_let_in(std::shared_ptr<Connection> added, std::string most);

 private:
  bool is_due() const;
  Task<void> look_at_users();
  std::set<std::string> users_outside(const Waiting& waiting) const;
  std::vector<Connection*> all() const { return {connections_.begin(), connections_.end()}; }
  std::vector<Occupant> occupants(const std::vector<Connection*>& all);
  void close(Connection* connection, Doing doing);
  void count(Doing doing) const;
  void tell(const Occupant& closed, const std::vector<Occupant>& all) const;

  std::shared_ptr<ServerShared> shared_;
  std::string server_;
  std::vector<std::uint16_t> ports_;
  std::unordered_set<Connection*> connections_;
  std::unordered_set<Connection*> closed_;  // their handlers have not returned
  Signal room_;                             // a connection has ended
  LocalUsers users_;
  Time users_read_{};  // when `users_` was asked for
  bool is_looking_ = false;
};

}  // namespace shoal::http
