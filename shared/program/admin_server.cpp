#include "shared/program/admin_server.hpp"

#include <algorithm>

namespace shoal::program {
namespace {

// Monitoring asks from a few connections; a flood of them must not take the program's descriptors.
constexpr std::size_t most_connections = 64;

http::Response plain(unsigned status, std::string body) {
  return {.status = status,
          .headers = {{"Content-Type", "text/plain; version=0.0.4; charset=utf-8"}},
          .body = std::move(body),
          .length = {}};
}

http::Response json(unsigned status, std::string body) {
  return {.status = status, .headers = {{"Content-Type", "application/json"}}, .body = std::move(body), .length = {}};
}

bool is_local(const ListenAddresses& listen) {
  return std::all_of(listen.list().begin(), listen.list().end(), [](const std::string& address) {
    const auto parts = http::parse_host_port(address);
    return parts && http::is_loopback(parts->host);
  });
}

}  // namespace

AdminServer::AdminServer(http::Server::Parts parts, const ListenAddresses& listen, Answers answers)
    : answers_(std::move(answers)),
      local_only_(is_local(listen)),
      page_(answers_.program),
      server_(parts, {.listen = listen, .connections = most_connections}, "admin",
              [this](http::Exchange& exchange) { return handle(exchange); }) {}

http::Response AdminServer::answer(const http::Request& request) const {
  const std::string host = http::find_header(request.headers, "Host").value_or("");
  if (local_only_ && !http::is_address_or_localhost(host)) {
    return plain(403, "this server is not called \"" + host + "\"; use its address\n");
  }
  if (request.method != "GET" && request.method != "HEAD") return plain(405, "only GET and HEAD\n");
  if (request.path == "/healthz") return plain(200, "ok\n");
  if (request.path == "/readyz") {
    const Readiness readiness = answers_.readiness();
    return json(readiness.can_serve() ? 200 : 503, text(readiness));
  }
  if (request.path == "/metrics") return plain(200, page_.text());
  if (request.path == "/v1/status" && answers_.status) return json(200, answers_.status());
  return plain(404, answers_.status ? "not found; there are /healthz, /readyz, /metrics and /v1/status\n"
                                    : "not found; there are /healthz, /readyz and /metrics\n");
}

Task<void> AdminServer::handle(http::Exchange& exchange) {
  http::Response response = answer(exchange.request());
  co_await exchange.respond(std::move(response));
}

}  // namespace shoal::program
