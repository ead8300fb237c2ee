// Control messages: what agents and trackers say to each other, one message per binary WebSocket frame.
//
// Frame: u8 message type, then the fields in shared/core/codec.hpp's format, in the order below. Sub-protocol
// `shoal.v1`. Every field that DESIGN's decisions name exists from this version on. Golden files: tests/golden/control.
// What a field means when it is not used yet is said beside it; a receiver ignores types it does not know.
#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "shared/core/codec.hpp"
#include "shared/layer/piece_hashes.hpp"

namespace shoal::control {

inline constexpr const char* subprotocol = "shoal.v1";
inline constexpr const char* path = "/v1/control";
inline constexpr std::uint16_t version = 1;
inline constexpr const char* seeder_node = "tracker";   // the node name of every tracker's seeder, and of no agent
inline constexpr std::size_t largest_held_list = 8192;  // digests in one message; longer lists go in several `Holds`

enum class LayerKind : std::uint8_t { blob = 0, manifest = 1 };
inline bool known(LayerKind kind) {
  return kind <= LayerKind::manifest;
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
  std::string host;  // an IP address; empty: take the connection's own
  std::uint16_t port = 0;
  std::string node;  // name of who listens there
  bool is_seeder = false;
  template <class C>
  static void fields(C& c, Endpoint& m) {
    c.field(m.host), c.field(m.port), c.field(m.node), c.field(m.is_seeder);
  }
  friend bool operator==(const Endpoint&, const Endpoint&) = default;
};

// ---- agent to tracker

struct Hello {
  std::uint16_t protocol_version = version;
  std::string node;
  std::string zone;
  std::uint64_t epoch = 0;  // start of this agent, to tell a restart from a second agent of the same name
  Endpoint swarm;           // host empty unless advertised
  Endpoint small_layers;    // HTTP, host as in `swarm`
  std::vector<Digest> held;
  template <class C>
  static void fields(C& c, Hello& m) {
    c.field(m.protocol_version), c.field(m.node), c.field(m.zone), c.field(m.epoch), c.field(m.swarm);
    c.field(m.small_layers), c.field(m.held);
  }
  friend bool operator==(const Hello&, const Hello&) = default;
};

struct Holds {  // further layers this agent holds: after `Hello`, or committed since
  std::vector<Digest> held;
  template <class C>
  static void fields(C& c, Holds& m) {
    c.field(m.held);
  }
  friend bool operator==(const Holds&, const Holds&) = default;
};

struct Join {
  Digest digest;
  Source source;
  std::uint64_t size_hint_bytes = 0;  // from the manifest's descriptor; 0: none
  std::string credential;             // reserved: sent over TLS or loopback only
  template <class C>
  static void fields(C& c, Join& m) {
    c.field(m.digest), c.field(m.source), c.field(m.size_hint_bytes), c.field(m.credential);
  }
  friend bool operator==(const Join&, const Join&) = default;
};

struct Progress {  // the first one says that this agent listens under the swarm's name
  Digest digest;
  Generation generation = 0;
  std::uint32_t pieces = 0;
  bool complete = false;  // the digest matched
  template <class C>
  static void fields(C& c, Progress& m) {
    c.field(m.digest), c.field(m.generation), c.field(m.pieces), c.field(m.complete);
  }
  friend bool operator==(const Progress&, const Progress&) = default;
};

struct Leave {
  Digest digest;
  template <class C>
  static void fields(C& c, Leave& m) {
    c.field(m.digest);
  }
  friend bool operator==(const Leave&, const Leave&) = default;
};

struct Resolve {  // a tag, for an anonymous caller or the tracker's configured credential
  std::uint32_t request = 0;
  std::string upstream;
  std::string repository;
  std::string tag;
  std::string accept;
  template <class C>
  static void fields(C& c, Resolve& m) {
    c.field(m.request), c.field(m.upstream), c.field(m.repository), c.field(m.tag), c.field(m.accept);
  }
  friend bool operator==(const Resolve&, const Resolve&) = default;
};

struct Blame {  // a peer sent bytes that do not match their signed hash; sent after the layer's digest matched
  Digest digest;
  Generation generation = 0;
  std::uint32_t piece = 0;
  std::string node;
  std::string host;  // its IP address, as the reporter sees it
  template <class C>
  static void fields(C& c, Blame& m) {
    c.field(m.digest), c.field(m.generation), c.field(m.piece), c.field(m.node), c.field(m.host);
  }
  friend bool operator==(const Blame&, const Blame&) = default;
};

struct WantHashes {  // a batch that no peer passed on
  Digest digest;
  Generation generation = 0;
  std::uint32_t piece = 0;
  template <class C>
  static void fields(C& c, WantHashes& m) {
    c.field(m.digest), c.field(m.generation), c.field(m.piece);
  }
  friend bool operator==(const WantHashes&, const WantHashes&) = default;
};

// ---- tracker to agent

struct Welcome {
  std::uint16_t protocol_version = version;
  std::uint32_t swarm_key_id = 0;
  SwarmKey swarm_key{};
  std::optional<SwarmKey> old_swarm_key;  // still valid while rotating
  PublicKey public_key{};                 // signs piece hashes
  std::uint64_t epoch = 0;                // start of this tracker's memory
  std::vector<std::string> trackers;      // all of them, for rendezvous hashing; empty: as configured
  template <class C>
  static void fields(C& c, Welcome& m) {
    c.field(m.protocol_version), c.field(m.swarm_key_id), c.field(m.swarm_key), c.field(m.old_swarm_key);
    c.field(m.public_key), c.field(m.epoch), c.field(m.trackers);
  }
  friend bool operator==(const Welcome&, const Welcome&) = default;
};

struct Joined {
  Digest digest;
  std::uint64_t size_bytes = 0;
  std::uint32_t piece_length_bytes = 0;
  Generation generation = 0;
  std::string content_type;       // of a manifest
  std::vector<Endpoint> peers;    // of the swarm: the seeder; agents follow in `Peers`
  std::vector<Endpoint> holders;  // of a small layer: fetch it there by HTTP, in this order; no swarm then
  template <class C>
  static void fields(C& c, Joined& m) {
    c.field(m.digest), c.field(m.size_bytes), c.field(m.piece_length_bytes), c.field(m.generation);
    c.field(m.content_type), c.field(m.peers), c.field(m.holders);
  }
  friend bool operator==(const Joined&, const Joined&) = default;
};

enum class Reason : std::uint8_t {
  not_found = 0,    // the origin does not have it
  unavailable = 1,  // the origin cannot be reached now
  denied = 2,       // the origin asks for a credential that the tracker does not have
  size = 3,         // the origin's size is not the hint's
  upstream = 4,     // the tracker may not ask this registry
};
inline bool known(Reason reason) {
  return reason <= Reason::upstream;
}

struct Refused {  // of a join: the agent goes to the origin itself, or answers 404
  Digest digest;
  Reason reason = Reason::unavailable;
  std::string what;
  std::uint32_t retry_after_ms = 0;  // the origin asks not to be asked for so long; 0: it did not say
  template <class C>
  static void fields(C& c, Refused& m) {
    c.field(m.digest), c.field(m.reason), c.field(m.what), c.field(m.retry_after_ms);
  }
  friend bool operator==(const Refused&, const Refused&) = default;
};

struct Peers {  // dial them
  Digest digest;
  Generation generation = 0;
  std::vector<Endpoint> peers;
  template <class C>
  static void fields(C& c, Peers& m) {
    c.field(m.digest), c.field(m.generation), c.field(m.peers);
  }
  friend bool operator==(const Peers&, const Peers&) = default;
};

struct Serve {  // a held layer is wanted: join its swarm, and say so with `Progress`
  Digest digest;
  Generation generation = 0;
  template <class C>
  static void fields(C& c, Serve& m) {
    c.field(m.digest), c.field(m.generation);
  }
  friend bool operator==(const Serve&, const Serve&) = default;
};

struct Restart {  // the origin's bytes were wrong: drop what came, join generation `generation`
  Digest digest;
  Generation generation = 0;
  template <class C>
  static void fields(C& c, Restart& m) {
    c.field(m.digest), c.field(m.generation);
  }
  friend bool operator==(const Restart&, const Restart&) = default;
};

struct Hashes {
  Digest digest;
  Generation generation = 0;
  HashBatch batch;
  template <class C>
  static void fields(C& c, Hashes& m) {
    c.field(m.digest), c.field(m.generation), c.field(m.batch);
  }
  friend bool operator==(const Hashes&, const Hashes&) = default;
};

struct Finished {  // the tracker's digest matched: its signature over the whole list, to keep with the layer
  Digest digest;
  Generation generation = 0;
  Signature signature{};
  template <class C>
  static void fields(C& c, Finished& m) {
    c.field(m.digest), c.field(m.generation), c.field(m.signature);
  }
  friend bool operator==(const Finished&, const Finished&) = default;
};

struct Resolved {
  std::uint32_t request = 0;
  std::uint16_t status = 0;  // the origin's HTTP status; 0: the tracker could not ask it
  std::optional<Digest> digest;
  std::uint64_t size_bytes = 0;
  std::string content_type;
  std::string what;  // why not
  template <class C>
  static void fields(C& c, Resolved& m) {
    c.field(m.request), c.field(m.status), c.field(m.digest), c.field(m.size_bytes), c.field(m.content_type);
    c.field(m.what);
  }
  friend bool operator==(const Resolved&, const Resolved&) = default;
};

struct Prefetch {  // reserved: fetch and hold
  Join layer;
  template <class C>
  static void fields(C& c, Prefetch& m) {
    c.field(m.layer);
  }
  friend bool operator==(const Prefetch&, const Prefetch&) = default;
};

struct Forget {  // reserved: drop a held layer
  Digest digest;
  template <class C>
  static void fields(C& c, Forget& m) {
    c.field(m.digest);
  }
  friend bool operator==(const Forget&, const Forget&) = default;
};

struct Ban {  // two reporters agreed: take and give this node nothing for an hour
  std::string node;
  std::string host;
  template <class C>
  static void fields(C& c, Ban& m) {
    c.field(m.node), c.field(m.host);
  }
  friend bool operator==(const Ban&, const Ban&) = default;
};

struct Lost {  // agent to tracker: layers that it holds no more
  std::vector<Digest> layers;
  template <class C>
  static void fields(C& c, Lost& m) {
    c.field(m.layers);
  }
  friend bool operator==(const Lost&, const Lost&) = default;
};

struct Waiting {  // tracker to agent, each second: the origin gives nothing of this layer now, and is asked on
  Digest digest;
  template <class C>
  static void fields(C& c, Waiting& m) {
    c.field(m.digest);
  }
  friend bool operator==(const Waiting&, const Waiting&) = default;
};

// The position is the type byte: append only.
using Message = std::variant<Hello, Holds, Join, Progress, Leave, Resolve, Blame, WantHashes, Welcome, Joined, Refused,
                             Peers, Serve, Restart, Hashes, Finished, Resolved, Prefetch, Forget, Ban, Lost, Waiting>;

Bytes encode(const Message& message);
// `refused` for a type this version does not know (skip it), `corrupt` for anything that does not parse (close).
Result<Message> decode(ByteView frame);

}  // namespace shoal::control
