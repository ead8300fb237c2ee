// AdminServer: health, metrics and status of a program, on a listener of its own.
//
// GET /healthz    200 while the loop turns.
// GET /readyz     200 while the program can serve, else 503; JSON with the reasons (readiness.hpp).
// GET /metrics    Prometheus text.
// GET /v1/status  JSON, if the program has one.
// A second listener may answer /metrics alone: a Prometheus on another host then reads them, and nothing else.
// On a loopback listener a request must name the server by an address or as localhost: a web page whose own name
// resolves to this machine cannot read it with a browser on it (DNS rebinding).
// Threads: the loop.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "shared/http/server.hpp"
#include "shared/metrics/metrics.hpp"
#include "shared/program/options.hpp"
#include "shared/program/readiness.hpp"

namespace shoal::program {

class AdminServer {
 public:
  struct Answers {
    std::string_view program;  // "agent" or "tracker", for the names of its metrics
    metrics::Counter& wrong_hosts;
    std::function<Readiness()> readiness;
    std::function<std::string()> status{};  // none: 404
  };

  // Throws StartError when an address cannot be listened on.
  AdminServer(http::Server::Parts parts, const AdminOptions& options, Answers answers);

  metrics::Page& page() { return page_; }  // to add to
  std::string address() const { return server_.address(); }
  std::string metrics_address() const { return metrics_server_ ? metrics_server_->address() : ""; }  // empty: none

 private:
  Task<void> handle(http::Exchange& exchange);
  Task<void> handle_metrics(http::Exchange& exchange);
  std::optional<http::Response> refusal(const http::Request& request, bool is_local) const;
  http::Response answer(const http::Request& request) const;

  Answers answers_;
  bool is_local_;
  bool metrics_are_local_;
  metrics::Page page_;
  http::Server server_;
  std::optional<http::Server> metrics_server_;
};

}  // namespace shoal::program
