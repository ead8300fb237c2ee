#include "tracker/control_server.hpp"

#include <algorithm>

#include "shared/holder/protocol.hpp"
#include "shared/holder/serve.hpp"
#include "tracker/agent_session.hpp"
#include "tracker/api.hpp"

namespace shoal::tracker {
namespace {

http::Response plain(unsigned status, std::string line) {
  return {status, {{"Content-Type", "text/plain; charset=utf-8"}}, std::move(line) + "\n", std::nullopt};
}

http::Response json(std::string body) {
  return {200, {{"Content-Type", "application/json"}}, std::move(body), std::nullopt};
}

}  // namespace

ControlServer::ControlServer(Parts parts, const ListenAddresses& listen, std::size_t connections)
    : parts_(parts),
      server_({parts.loop, parts.clock, parts.threads},
              {.listen = listen, .connections = std::min(connections, largest_connections)}, "control",
              [this](http::Exchange& exchange) { return handle(exchange); }) {}

Task<void> ControlServer::handle(http::Exchange& exchange) {
  const http::Request request = exchange.request();
  http::Response response = plain(404, "not found");
  if (request.method != "GET" && request.method != "HEAD") {
    response = holder::wrong_method();
  } else if (request.path == control::path) {
    co_await serve_agent(exchange);
    co_return;
  } else if (holder::is_holder_path(request.path)) {
    co_await serve_small(exchange);
    co_return;
  } else if (request.path == "/v1/layers") {
    response = json(layers_json(parts_.core.seeder(), parts_.core.directory()));
  } else if (request.path == "/v1/agents") {
    response = json(agents_json(parts_.core.directory(), parts_.core.reachability(), parts_.clock.now()));
  }
  co_await exchange.respond(std::move(response));
}

Task<void> ControlServer::serve_agent(http::Exchange& exchange) {
  auto socket = co_await exchange.upgrade(control::subprotocol);
  if (!socket) co_return;  // answered by the server
  const auto session =
      std::make_shared<AgentSession>(parts_.loop, parts_.clock, parts_.core.coordinator(), std::move(*socket));
  co_await AgentSession::run(session);
}

// Small layers only: for the others there are the swarm's seeder and the agents.
Task<void> ControlServer::serve_small(http::Exchange& exchange) {
  auto question = holder::parse(exchange.request(), std::span(&parts_.keys.swarm, 1));
  if (!question) {
    co_await exchange.respond(std::move(question.error()));
    co_return;
  }
  if (question->is_hedged && sends_.is_busy(parts_.clock.now())) {
    co_await exchange.respond(holder::too_many());
    co_return;
  }
  exchange.limit_send_buffer(holder::limits.serving.small_send_buffer);
  const bool is_small = question->resource == holder::Resource::small;
  if (const auto small = is_small ? parts_.core.seeder().small(question->digest) : nullptr) {
    auto send = sends_.begin(exchange.request().client, parts_.clock.now());
    co_await send_small(exchange, small);
    co_await holder::let_leave(sends_, std::move(send), {small->bytes.size()}, parts_.clock);
    co_return;
  }
  const auto held = is_small ? parts_.store.find(question->digest) : std::nullopt;
  if (!held || held->size() > holder::largest_small) {
    co_await exchange.respond(holder::not_held());
    co_return;
  }
  auto send = sends_.begin(exchange.request().client, parts_.clock.now());
  const auto started = co_await exchange.start(holder::head(held->side().content_type, held->size()));
  if (started) co_await holder::send_file(exchange, held->readable(0), held->size());
  co_await holder::let_leave(sends_, std::move(send), held->size(), parts_.clock);
}

// A layer that is not durable yet.
Task<void> ControlServer::send_small(http::Exchange& exchange, std::shared_ptr<const seeder::SmallLayer> small) {
  http::Response whole = holder::head(small->content_type, {small->bytes.size()});
  whole.body = std::string(text_of(small->bytes));
  co_await exchange.respond(std::move(whole));
}

}  // namespace shoal::tracker
