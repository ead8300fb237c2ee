// Hosts: one request to one host, with what is known of that host: it is not asked while it cannot be reached
// (reach.hpp), and in turn while it limits its requests (turns.hpp). A registry, its store and its token server are
// hosts of their own. Each is asked through the proxy that is configured for its URL.
//
// Threads: the loop.
#pragma once

#include <memory>

#include "shared/http/client.hpp"
#include "shared/origin/metrics.hpp"
#include "shared/origin/reach.hpp"
#include "shared/origin/turns.hpp"
#include "shared/origin/upstreams.hpp"

namespace shoal::origin {

class Hosts {
 public:
  struct Asking {
    std::string upstream;  // the key of the configuration's table, for texts
    Line line = Line::question;
    Milliseconds longest{};  // wait for a turn
    std::string caller;      // who is asking, when it is not this program: it has a pace of its own
  };

  // The options outlive it.
  Hosts(Clock& clock, const Options& options, Metrics& metrics)
      : clock_(clock), options_(options), turns_(clock, options.turns), reach_(clock), metrics_(metrics) {}

  // As http::request. A request that the host refuses for its limit is repeated in its turn. `unavailable` with the time
  // that is left when that would be too late, and with the remembered cause while the host cannot be reached.
  Task<Result<std::unique_ptr<http::ClientResponse>>> request(http::ClientRequest request, Asking asking);

  // The remembered cause, while a request like this one, of this upstream, would not be made.
  std::optional<Error> unreachable(http::ClientRequest request, const std::string& upstream) const;
  // Whether requests of this upstream, whose registry is at `url`, wait for their turn.
  bool is_paced(const std::string& upstream, const http::Url& url) const;

 private:
  Task<Result<Turns::Place>> pass(http::ClientRequest request, Asking asking, Turns::Place place);
  Task<Error> failed(http::ClientRequest request, std::string upstream, Error error);
  Error unreached(const http::ClientRequest& request, const std::string& upstream, Error error);
  void reached(const http::ClientRequest& request, const std::string& upstream);
  Task<void> probe(http::ClientRequest request, std::string upstream);
  Task<bool> speaks_tls(http::ClientRequest request);
  Error unreadable(const std::string& upstream, Error error);
  bool is_refused(const Asking& asking, const Turns::Place& place, const http::ClientResponse& response);

  Clock& clock_;
  const Options& options_;
  Turns turns_;
  Reach reach_;
  Metrics& metrics_;
  std::map<std::string, int> queued_;  // requests that wait for their turn, by upstream; no entry for 0
};

}  // namespace shoal::origin
