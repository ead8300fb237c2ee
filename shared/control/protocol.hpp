// What both directions of the control channel share: names, limits, the types' bytes, and the parts of messages.
#pragma once

#include <string>

#include "shared/core/codec.hpp"

namespace shoal::control {

inline constexpr const char* subprotocol = "shoal.v1";
inline constexpr const char* path = "/v1/control";
inline constexpr std::uint16_t version = 1;
inline constexpr const char* seeder_node = "tracker";  // the node name of every tracker's seeder, and of no agent
// Digests in one message; longer lists go in several `Holds`: 272 KB, far below the frame's limit of http::WebSocket.
inline constexpr std::size_t largest_held_list = 8192;

// The first byte of a frame. Append only: a number that was used once keeps its meaning.
enum class MessageType : std::uint8_t {
  hello = 0,
  holds = 1,
  join = 2,
  progress = 3,
  leave = 4,
  resolve = 5,
  blame = 6,
  request_hashes = 7,
  welcome = 8,
  joined = 9,
  refused = 10,
  peers = 11,
  serve = 12,
  restart = 13,
  hashes = 14,
  finished = 15,
  resolved = 16,
  prefetch = 17,
  evict = 18,
  ban = 19,
  lost = 20,
  waiting = 21,
  unreachable = 22,
  check = 23,
  checked = 24,
};

// What an agent serves to others, each at a port of its own.
enum class Service : std::uint8_t { pieces = 0, small_layers = 1 };
inline bool known(Service service) {
  return service <= Service::small_layers;
}

enum class LayerKind : std::uint8_t { blob = 0, manifest = 1 };
inline bool known(LayerKind kind) {
  return kind <= LayerKind::manifest;
}

// How far the cluster goes for a join. `Refused` as not found otherwise: nothing is fetched for it.
enum class Want : std::uint8_t {
  layer = 0,      // fetched from the origin, if no node holds it
  held = 1,       // only of a layer that some node holds or is being sent, the tracker counted
  of_agents = 2,  // only of a layer that another agent holds: the seeder cannot be reached
};
inline bool known(Want want) {
  return want <= Want::of_agents;
}

// Where the origin keeps a layer.
struct Source {
  LayerKind kind = LayerKind::blob;
  std::string upstream;
  std::string repository;
  template <class C>
  static void fields(C& c, Source& m) {
    c.field(m.kind), c.field(m.upstream), c.field(m.repository);
  }
  friend bool operator==(const Source&, const Source&) = default;
};

struct Endpoint {
  std::string host;  // an IP address; empty: the address of the connection that the message came on
  std::uint16_t port = 0;
  std::string node;  // the listener's node name
  bool is_seeder = false;
  template <class C>
  static void fields(C& c, Endpoint& m) {
    c.field(m.host), c.field(m.port), c.field(m.node), c.field(m.is_seeder);
  }
  friend bool operator==(const Endpoint&, const Endpoint&) = default;
};

}  // namespace shoal::control
