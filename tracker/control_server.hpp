// ControlServer: the tracker's side of the control channel, the API, and small layers for agents with the swarm key.
//
//   GET /v1/control          WebSocket, sub-protocol shoal.v1
//   GET /v1/layers, /v1/agents
//   GET /v1/small/<digest>   the holder protocol (shared/holder/protocol.hpp): a held manifest or small layer
// Threads: the loop.
#pragma once

#include "shared/holder/limits.hpp"
#include "shared/holder/sends.hpp"
#include "shared/http/server.hpp"
#include "tracker/core.hpp"

namespace shoal::tracker {

class ControlServer {
 public:
  static constexpr std::size_t largest_connections =
      20'000;  // ten thousand agents, and as many fetches of small layers

  struct Parts {
    Loop& loop;
    Clock& clock;
    http::ServeThreads& threads;
    Core& core;
    store::Store& store;
    const seeder::Keys& keys;
  };
  // Throws StartError when an address cannot be listened on.
  ControlServer(Parts parts, const ListenAddresses& listen, std::size_t connections = largest_connections);

  std::string address() const { return server_.address(); }
  void stop_listening() { server_.stop_listening(); }
  std::size_t open_exchanges() const { return server_.open_exchanges(); }

 private:
  Task<void> handle(http::Exchange& exchange);
  Task<void> serve_agent(http::Exchange& exchange);
  Task<void> serve_small(http::Exchange& exchange);
  Task<void> send_small(http::Exchange& exchange, std::shared_ptr<const seeder::SmallLayer> small);

  Parts parts_;
  holder::Sends sends_{holder::limits.serving.small_when_hedged};
  http::Server server_;
};

}  // namespace shoal::tracker
