// AgentLink: one connected agent, as the coordinator sees it.
//
// Threads: the loop.
#pragma once

#include "shared/control/messages.hpp"

namespace shoal::tracker {

class AgentLink {
 public:
  virtual ~AgentLink() = default;
  virtual void send(const control::TrackerMessage& message) = 0;  // never blocks
  virtual void close(const std::string& cause) = 0;               // `Coordinator::gone` follows
};

}  // namespace shoal::tracker
