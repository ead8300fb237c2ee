#include "shared/program/admin_server.hpp"

#include <algorithm>

#include "shared/log/log.hpp"

namespace shoal::program {
namespace {

// Monitoring asks from a few connections; a flood of them must not take the program's descriptors.
constexpr std::size_t most_connections = 64;

http::Response typed(unsigned status, const char* type, std::string body) {
  return {.status = status, .headers = {{"Content-Type", type}}, .body = std::move(body), .length = {}};
}

http::Response plain(unsigned status, std::string body) {
  return typed(status, "text/plain; charset=utf-8", std::move(body));
}

http::Response metrics_page(const metrics::Page& page) {
  return typed(200, "text/plain; version=0.0.4; charset=utf-8", page.text());
}

http::Response json(unsigned status, std::string body) {
  return typed(status, "application/json", std::move(body));
}

bool is_local(const ListenAddresses& listen) {
  return std::all_of(listen.list().begin(), listen.list().end(), [](const std::string& address) {
    const auto parts = http::parse_host_port(address);
    return parts && http::is_loopback(parts->host);
  });
}

}  // namespace

AdminServer::AdminServer(http::Server::Parts parts, const AdminOptions& options, Answers answers)
    : answers_(std::move(answers)),
      is_local_(is_local(options.listen)),
      metrics_are_local_(is_local(options.metrics_listen)),
      page_(answers_.program),
      server_(parts, {.listen = options.listen, .connections = most_connections}, "admin",
              [this](http::Exchange& exchange) { return handle(exchange); }) {
  if (options.metrics_listen.empty()) return;
  metrics_server_.emplace(parts, http::ServerOptions{.listen = options.metrics_listen, .connections = most_connections},
                          "metrics", [this](http::Exchange& exchange) { return handle_metrics(exchange); });
}

// The refusals that do not depend on the path.
std::optional<http::Response> AdminServer::refusal(const http::Request& request, bool is_local) const {
  const std::string host = http::find_header(request.headers, "Host").value_or("");
  if (is_local && !http::is_address_or_localhost(host)) {
    const std::string cause = "this server is not called \"" + host + "\"; use its address";
    answers_.wrong_hosts.add();
    log::warning("program", "request for another host",
                 {{"host", host},
                  {"path", request.path},
                  {"cause", cause},
                  {"next", "call it by its address, or add the name to hosts in [registry]"}});
    return plain(403, cause + "\n");
  }
  if (request.method != "GET" && request.method != "HEAD") return plain(405, "only GET and HEAD\n");
  return std::nullopt;
}

http::Response AdminServer::answer(const http::Request& request) const {
  if (auto refused = refusal(request, is_local_)) return std::move(*refused);
  if (request.path == "/healthz") return plain(200, "ok\n");
  if (request.path == "/readyz") {
    const Readiness readiness = answers_.readiness();
    return json(readiness.can_serve() ? 200 : 503, text(readiness));
  }
  if (request.path == "/metrics") return metrics_page(page_);
  if (request.path == "/v1/status" && answers_.status) return json(200, answers_.status());
  return plain(404, answers_.status ? "not found; there are /healthz, /readyz, /metrics and /v1/status\n"
                                    : "not found; there are /healthz, /readyz and /metrics\n");
}

Task<void> AdminServer::handle(http::Exchange& exchange) {
  http::Response response = answer(exchange.request());
  co_await exchange.respond(std::move(response));
}

Task<void> AdminServer::handle_metrics(http::Exchange& exchange) {
  const http::Request& request = exchange.request();
  auto response = refusal(request, metrics_are_local_);
  if (!response && request.path == "/metrics") response = metrics_page(page_);
  if (!response) response = plain(404, "not found; there is /metrics\n");
  co_await exchange.respond(std::move(*response));
}

}  // namespace shoal::program
