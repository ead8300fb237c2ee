// Messages from an agent to its tracker. Fields in the order of the frame; protocol.hpp has the types' bytes.
#pragma once

#include <string>
#include <vector>

#include "shared/control/protocol.hpp"
#include "shared/layer/swarm_name.hpp"

namespace shoal::control {

struct Hello {
  static constexpr MessageType type = MessageType::hello;
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
  static constexpr MessageType type = MessageType::holds;
  std::vector<Digest> held;
  // Registries that this agent has read all of them at; 8 at most count, and only where it was told Reason::own_fetch.
  std::vector<std::string> upstreams{};
  template <class C>
  static void fields(C& c, Holds& m) {
    c.field(m.held), c.appended(m.upstreams);
  }
  friend bool operator==(const Holds&, const Holds&) = default;
};

struct Join {
  static constexpr MessageType type = MessageType::join;
  Digest digest;
  Source source;
  std::uint64_t size_hint_bytes = 0;  // from the manifest's descriptor; 0: none
  // The caller's Authorization, for this registry and repository alone; sent over loopback only, else empty.
  Secret credential;
  bool has_credential = false;  // the caller has one, sent or not: the agent may fetch with it (Reason::own_fetch)
  Want want = Want::layer;
  template <class C>
  static void fields(C& c, Join& m) {
    c.field(m.digest), c.field(m.source), c.field(m.size_hint_bytes), c.field(m.credential);
    c.appended(m.has_credential), c.appended(m.want);
  }
  friend bool operator==(const Join&, const Join&) = default;
};

struct Progress {  // the first one says that this agent listens under the swarm's name
  static constexpr MessageType type = MessageType::progress;
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
  static constexpr MessageType type = MessageType::leave;
  Digest digest;
  template <class C>
  static void fields(C& c, Leave& m) {
    c.field(m.digest);
  }
  friend bool operator==(const Leave&, const Leave&) = default;
};

struct Resolve {  // a tag, for an anonymous caller or the tracker's configured credential
  static constexpr MessageType type = MessageType::resolve;
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
  static constexpr MessageType type = MessageType::blame;
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

struct Unreachable {  // a node that the tracker named for this layer could not be reached, or did not answer
  static constexpr MessageType type = MessageType::unreachable;
  Digest digest;
  Service service = Service::pieces;
  Endpoint endpoint;  // as the tracker named it
  template <class C>
  static void fields(C& c, Unreachable& m) {
    c.field(m.digest), c.field(m.service), c.field(m.endpoint);
  }
  friend bool operator==(const Unreachable&, const Unreachable&) = default;
};

struct RequestHashes {  // a batch that no peer passed on
  static constexpr MessageType type = MessageType::request_hashes;
  Digest digest;
  Generation generation = 0;
  std::uint32_t piece = 0;
  template <class C>
  static void fields(C& c, RequestHashes& m) {
    c.field(m.digest), c.field(m.generation), c.field(m.piece);
  }
  friend bool operator==(const RequestHashes&, const RequestHashes&) = default;
};

struct Lost {  // layers that this agent no longer holds
  static constexpr MessageType type = MessageType::lost;
  std::vector<Digest> layers;
  template <class C>
  static void fields(C& c, Lost& m) {
    c.field(m.layers);
  }
  friend bool operator==(const Lost&, const Lost&) = default;
};

// Whether the origin has a layer, for an anonymous caller or the tracker's configured credential. Bytes are served on the
// answer, so it is the origin's own, of an hour at most, and not older than the agent says.
struct Check {
  static constexpr MessageType type = MessageType::check;
  std::uint32_t request = 0;
  std::string upstream;
  std::string repository;
  LayerKind kind = LayerKind::blob;
  Digest digest;
  std::uint32_t longest_age_ms = 0;  // of an answer that counts; 0: as the tracker remembers
  template <class C>
  static void fields(C& c, Check& m) {
    c.field(m.request), c.field(m.upstream), c.field(m.repository), c.field(m.kind), c.field(m.digest);
    c.appended(m.longest_age_ms);
  }
  friend bool operator==(const Check&, const Check&) = default;
};

}  // namespace shoal::control
