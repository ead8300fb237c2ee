#include "shared/http/kept_connections.hpp"

#include <algorithm>

namespace shoal::http {

std::unique_ptr<Transport> KeptConnections::take(const Secret& server, const Reaches& allowed) {
  while (true) {
    const auto found = std::find_if(kept_.begin(), kept_.end(), [&](const Kept& kept) {
      return kept.server == server && allowed.allows(kept.transport->reach());
    });
    if (found == kept_.end()) return nullptr;
    std::unique_ptr<Transport> transport = std::move(found->transport);
    kept_.erase(found);
    if (transport->resume()) return transport;
  }
}

void KeptConnections::keep(Secret server, std::unique_ptr<Transport> transport) {
  transport->rest(limits_.idle);
  kept_.push_front({std::move(server), std::move(transport)});
  if (kept_.size() > limits_.connections) kept_.pop_back();
}

}  // namespace shoal::http
