// Link: one connection within one swarm, as a Member sees it. PeerLink is libtorrent's, tests have their own.
//
// Threads: the swarm thread.
#pragma once

#include <string>

#include "shared/core/bytes.hpp"

namespace shoal::swarm {

class Link {
 public:
  virtual ~Link() = default;
  // `frame` has `frame_room` bytes in front of the body for the link to fill; its bytes are copied.
  virtual void send(MutableBytes frame) = 0;
  virtual std::size_t unsent_bytes() const = 0;  // given to `send`, not yet to the kernel
  virtual void set_no_delay(bool on) = 0;        // TCP_NODELAY
  virtual std::string host() const = 0;          // the other side's address
  virtual bool leads_to_seeder() const = 0;      // we dialled it where the tracker said that its seeder is
  virtual void close() = 0;                      // `link_down` follows, perhaps at once
};

}  // namespace shoal::swarm
