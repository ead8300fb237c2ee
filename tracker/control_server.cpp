#include "tracker/control_server.hpp"

#include "tracker/agent_session.hpp"
#include "tracker/api.hpp"

namespace shoal::tracker {
namespace {

constexpr std::string_view small_prefix = "/v1/small/";

http::Response plain(unsigned status, std::string line) {
  return {status, {{"Content-Type", "text/plain; charset=utf-8"}}, std::move(line) + "\n", std::nullopt};
}

http::Response json(std::string body) {
  return {200, {{"Content-Type", "application/json"}}, std::move(body), std::nullopt};
}

http::Response small_head(const std::string& content_type, std::uint64_t size_bytes) {
  http::Response head;
  head.headers = {{"Content-Type", content_type.empty() ? "application/octet-stream" : content_type}};
  head.length = size_bytes;
  return head;
}

bool proves(const http::Request& request, const SwarmKey& key, const Digest& digest) {
  const std::string expected = "Shoal " + small_layer_proof(key, digest);
  const std::string said = http::find_header(request.headers, "Authorization").value_or("");
  return equal_in_constant_time(bytes_of(said), bytes_of(expected));
}

}  // namespace

ControlServer::ControlServer(Parts parts, const std::string& listen)
    : parts_(parts),
      server_(parts.loop, parts.threads, {.listen = listen, .connections = largest_connections}, "control",
              [this](http::Exchange& exchange) { return handle(exchange); }) {}

Task<void> ControlServer::handle(http::Exchange& exchange) {
  const http::Request request = exchange.request();
  http::Response response = plain(404, "not found");
  if (request.method != "GET" && request.method != "HEAD") {
    response = plain(405, "only GET and HEAD");
  } else if (request.path == control::path) {
    co_await serve_agent(exchange);
    co_return;
  } else if (request.path.starts_with(small_prefix)) {
    co_await serve_small(exchange, request.path.substr(small_prefix.size()));
    co_return;
  } else if (request.path == "/v1/layers") {
    response = json(layers_json(parts_.coordinator));
  } else if (request.path == "/v1/agents") {
    response = json(agents_json(parts_.coordinator));
  }
  const auto ignored = co_await exchange.respond(std::move(response));  // a client that is gone wants no answer
  static_cast<void>(ignored);
}

Task<void> ControlServer::serve_agent(http::Exchange& exchange) {
  auto socket = co_await exchange.upgrade(control::subprotocol);
  if (!socket) co_return;  // answered by the server
  const auto session =
      std::make_shared<AgentSession>(parts_.loop, parts_.clock, parts_.coordinator, std::move(*socket));
  co_await AgentSession::run(session);
}

Task<void> ControlServer::serve_small(http::Exchange& exchange, std::string digest_text) {
  const auto digest = Digest::parse(digest_text);
  const bool allowed = digest && proves(exchange.request(), parts_.keys.swarm, *digest);
  if (const auto small = allowed ? parts_.coordinator.seeder().small(*digest) : nullptr) {
    co_await send_small(exchange, small);
    co_return;
  }
  const auto held = allowed ? parts_.store.find(*digest) : std::nullopt;
  if (!held || held->size() > origin::largest_manifest) {
    http::Response refusal = allowed || !digest ? plain(404, "not held here") : plain(401, "no proof of the swarm key");
    const auto ignored = co_await exchange.respond(std::move(refusal));
    static_cast<void>(ignored);
    co_return;
  }
  const auto started = co_await exchange.start(small_head(held->side().content_type, held->size().value));
  if (!started) co_return;
  const store::VerifiedSpan span = held->readable(0);
  http::FileSpan bytes{span.file(), span.file()->descriptor(), span.offset(), span.length()};
  const auto sent = co_await exchange.send(std::move(bytes));
  static_cast<void>(sent);  // a client that is gone asks again
}

// One that is not durable yet.
Task<void> ControlServer::send_small(http::Exchange& exchange, std::shared_ptr<const SmallLayer> small) {
  const auto started = co_await exchange.start(small_head(small->content_type, small->bytes.size()));
  if (!started) co_return;
  const auto sent = co_await exchange.send(Bytes(small->bytes));
  static_cast<void>(sent);
}

}  // namespace shoal::tracker
