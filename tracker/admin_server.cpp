#include "tracker/admin_server.hpp"

namespace shoal::tracker {
namespace {

http::Response plain(unsigned status, std::string body) {
  return {status, {{"Content-Type", "text/plain; version=0.0.4; charset=utf-8"}}, std::move(body), std::nullopt};
}

}  // namespace

AdminServer::AdminServer(Loop& loop, http::ServeThreads& threads, const std::string& listen, const metrics::Page& page)
    : page_(page),
      server_(loop, threads, {.listen = listen, .connections = 64}, "admin",
              [this](http::Exchange& exchange) { return handle(exchange); }) {}

Task<void> AdminServer::handle(http::Exchange& exchange) {
  const http::Request& request = exchange.request();
  http::Response response = plain(404, "not found; there are /healthz, /readyz and /metrics\n");
  if (request.method != "GET" && request.method != "HEAD")
    response = plain(405, "only GET and HEAD\n");
  else if (request.path == "/healthz")
    response = plain(200, "ok\n");
  else if (request.path == "/readyz")
    response = ready_ ? plain(200, "ready\n") : plain(503, "not ready\n");
  else if (request.path == "/metrics")
    response = plain(200, page_.text());
  co_await exchange.respond(std::move(response));
}

}  // namespace shoal::tracker
