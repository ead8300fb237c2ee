// AdminServer: /healthz, /readyz and /metrics, apart from the control listener.
//
// Threads: the loop.
#pragma once

#include "shared/http/server.hpp"
#include "shared/metrics/metrics.hpp"

namespace shoal::tracker {

class AdminServer {
 public:
  // Throws StartError when the address cannot be listened on.
  AdminServer(Loop& loop, http::ServeThreads& threads, const std::string& listen, const metrics::Page& page);

  void set_ready(bool ready) { ready_ = ready; }  // /readyz: 200 or 503
  std::string address() const { return server_.address(); }
  void stop_listening() { server_.stop_listening(); }

 private:
  Task<void> handle(http::Exchange& exchange);
  const metrics::Page& page_;
  bool ready_ = false;
  http::Server server_;
};

}  // namespace shoal::tracker
