// KeptConnections: connections whose last answer has ended, kept for the next request to the same server. A reader of
// parts sends many small requests: each would pay for a connection and TLS of its own, several round trips for one.
//
// Threads: the loop.
#pragma once

#include <list>
#include <memory>
#include <string>

#include "shared/http/transport.hpp"

namespace shoal::http {

class KeptConnections {
 public:
  struct Limits {
    std::size_t connections = 16;  // idle at once; the one that has been idle longest closes for a new one
    // A descriptor is held no longer. Servers keep theirs for 5 s (Apache) to minutes; one that the server has closed
    // meanwhile costs a second connection, no more.
    Milliseconds idle{10'000};
  };
  KeptConnections() = default;
  explicit KeptConnections(Limits limits) : limits_(limits) {}

  // One to this server, at an address that is allowed, that has not closed by our own limit; null when there is none.
  std::unique_ptr<Transport> take(const Secret& server, const Reaches& allowed);
  void keep(Secret server, std::unique_ptr<Transport> transport);

 private:
  struct Kept {
    Secret server;  // whose it is: its proxy's credential is part of that
    std::unique_ptr<Transport> transport;
  };
  Limits limits_;
  std::list<Kept> kept_;  // the one kept last in front
};

}  // namespace shoal::http
