// Crowd: the connections of a server, and the room that is made when there are as many as may be (room.hpp).
//
// The kernel is asked for users only then: of one connection at once, of all on a serve thread, ten times a second at most.
// Threads: the loop.
#pragma once

#include <memory>
#include <optional>
#include <set>
#include <string>
#include <unordered_set>
#include <vector>

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

  // Clients that wait at one listener, and as how many may; beyond these the kernel drops what others send to connect,
  // which costs them a second and more.
  struct Waiting {
    std::size_t clients = 1;
    std::size_t most = 0;  // 0: not told
    bool at_socket_file = false;
  };
  // Closes connections for them, or waits until one has ended, a tenth of a second at most. When they are more than that
  // helps, and another user is among them or is kept from being, the value is the user that keeps others out:
  // `is_let_in` then decides on each client that waits.
  Task<std::optional<std::string>> make_room(Waiting waiting);

  // Whether the new connection, of a client that has waited, is served: not one of the user `most`, which is closed; for
  // another's that has few places, one of the user with the most is.
  bool is_let_in(Connection& added, const std::string& most);

 private:
  struct Choice {
    std::vector<Connection*> all;
    std::vector<Occupant> seen;       // the same
    std::vector<std::size_t> chosen;  // of them, to be closed
  };

  bool is_due() const;
  Task<void> look_at_users();
  std::set<std::string> users_outside(const Waiting& waiting, const std::vector<Occupant>& inside) const;
  std::vector<Connection*> all() const { return {connections_.begin(), connections_.end()}; }
  std::vector<Occupant> occupants(const std::vector<Connection*>& all);
  Choice choose(const Waiting& waiting);
  void close_chosen(const Choice& choice);
  void close(Connection* connection, Doing doing);
  bool refuse(Connection& added) const;  // false
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
