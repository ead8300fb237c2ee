// Messages from a tracker to an agent. Fields in the order of the frame; protocol.hpp has the types' bytes.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "shared/control/agent_messages.hpp"
#include "shared/control/origin_answer.hpp"
#include "shared/control/protocol.hpp"
#include "shared/layer/piece_hashes.hpp"

namespace shoal::control {

struct Welcome {
  static constexpr MessageType type = MessageType::welcome;
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
  static constexpr MessageType type = MessageType::joined;
  Digest digest;
  std::uint64_t size_bytes = 0;
  std::uint32_t piece_length_bytes = 0;
  Generation generation = 0;
  std::string content_type;       // of a manifest
  std::vector<Endpoint> peers;    // of the swarm: the seeder; agents follow in `Peers`
  std::vector<Endpoint> holders;  // of a small layer: fetch it there by HTTP, in this order; no swarm then
  // The join's upstream has sent the tracker these bytes, all of them: no other registry's are served as its.
  bool at_source = false;
  std::string upstream{};  // of the join that this answers
  template <class C>
  static void fields(C& c, Joined& m) {
    c.field(m.digest), c.field(m.size_bytes), c.field(m.piece_length_bytes), c.field(m.generation);
    c.field(m.content_type), c.field(m.peers), c.field(m.holders), c.appended(m.at_source), c.appended(m.upstream);
  }
  friend bool operator==(const Joined&, const Joined&) = default;
};

enum class Reason : std::uint8_t {
  not_found = 0,    // the origin does not have it
  unavailable = 1,  // the origin cannot be reached now
  denied = 2,       // the origin asks for a credential that the tracker does not have
  size = 3,         // the origin's size is not the hint's
  upstream = 4,     // the tracker may not ask this registry
  own_fetch = 5,    // this agent is to fetch with its caller's credential; others wait. Only for Join::has_credential
};
inline bool known(Reason reason) {
  return reason <= Reason::own_fetch;
}

struct Refused {  // of a join: the agent goes to the origin itself, or answers 404
  static constexpr MessageType type = MessageType::refused;
  Digest digest;
  Reason reason = Reason::unavailable;
  std::string what;
  std::uint32_t retry_after_ms = 0;  // the origin asks not to be asked for so long; 0: it did not say
  bool of_tracker = false;  // the tracker cannot use this registry, whatever the layer: it may be another for an agent
  OriginAnswer answer{};    // of the origin, to the question as the tracker asked it
  std::string upstream{};   // of the join that is refused: no other registry's
  template <class C>
  static void fields(C& c, Refused& m) {
    c.field(m.digest), c.field(m.reason), c.field(m.what), c.field(m.retry_after_ms);
    c.appended(m.of_tracker), c.appended(m.answer), c.appended(m.upstream);
  }
  friend bool operator==(const Refused&, const Refused&) = default;
};

struct Peers {  // dial them
  static constexpr MessageType type = MessageType::peers;
  Digest digest;
  Generation generation = 0;
  std::vector<Endpoint> peers;
  template <class C>
  static void fields(C& c, Peers& m) {
    c.field(m.digest), c.field(m.generation), c.field(m.peers);
  }
  friend bool operator==(const Peers&, const Peers&) = default;
};

struct Serve {  // an agent has requested a held layer: join its swarm, and say so with `Progress`
  static constexpr MessageType type = MessageType::serve;
  Digest digest;
  Generation generation = 0;
  template <class C>
  static void fields(C& c, Serve& m) {
    c.field(m.digest), c.field(m.generation);
  }
  friend bool operator==(const Serve&, const Serve&) = default;
};

struct Restart {  // the origin's bytes were wrong: drop the pieces, join generation `generation`
  static constexpr MessageType type = MessageType::restart;
  Digest digest;
  Generation generation = 0;
  template <class C>
  static void fields(C& c, Restart& m) {
    c.field(m.digest), c.field(m.generation);
  }
  friend bool operator==(const Restart&, const Restart&) = default;
};

struct Hashes {
  static constexpr MessageType type = MessageType::hashes;
  Digest digest;
  Generation generation = 0;
  HashBatch batch;
  template <class C>
  static void fields(C& c, Hashes& m) {
    c.field(m.digest), c.field(m.generation), c.field(m.batch);
  }
  friend bool operator==(const Hashes&, const Hashes&) = default;
};

struct Finished {  // the digest matched at the tracker: its signature over the whole list, for the layer's side file
  static constexpr MessageType type = MessageType::finished;
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
  static constexpr MessageType type = MessageType::resolved;
  std::uint32_t request = 0;
  std::uint16_t status = 0;  // the origin's HTTP status; 0: the tracker could not ask it
  std::optional<Digest> digest;
  std::uint64_t size_bytes = 0;
  std::string content_type;
  std::string what;  // the cause, when there is no digest
  std::uint32_t retry_after_ms = 0;  // as in Refused
  template <class C>
  static void fields(C& c, Resolved& m) {
    c.field(m.request), c.field(m.status), c.field(m.digest), c.field(m.size_bytes), c.field(m.content_type);
    c.field(m.what), c.appended(m.retry_after_ms);
  }
  friend bool operator==(const Resolved&, const Resolved&) = default;
};

struct Checked {
  static constexpr MessageType type = MessageType::checked;
  std::uint32_t request = 0;
  std::uint16_t status = 0;      // the origin's HTTP status, 200 for any 2xx; 0: the tracker could not ask it
  std::uint64_t size_bytes = 0;  // of a 2xx; 0: the origin did not say
  std::string content_type;      // likewise, of a manifest
  std::string what;              // the cause, without a 2xx
  std::uint32_t retry_after_ms = 0;  // as in Refused
  OriginAnswer answer{};             // of the origin, without a 2xx
  std::uint32_t age_ms = 0;          // of a 2xx: how long ago the origin gave it
  template <class C>
  static void fields(C& c, Checked& m) {
    c.field(m.request), c.field(m.status), c.field(m.size_bytes), c.field(m.content_type), c.field(m.what);
    c.field(m.retry_after_ms), c.field(m.answer), c.appended(m.age_ms);
  }
  friend bool operator==(const Checked&, const Checked&) = default;
};

struct Prefetch {  // reserved: fetch and hold
  static constexpr MessageType type = MessageType::prefetch;
  Join layer;
  template <class C>
  static void fields(C& c, Prefetch& m) {
    c.field(m.layer);
  }
  friend bool operator==(const Prefetch&, const Prefetch&) = default;
};

struct Evict {  // reserved: drop a held layer
  static constexpr MessageType type = MessageType::evict;
  Digest digest;
  template <class C>
  static void fields(C& c, Evict& m) {
    c.field(m.digest);
  }
  friend bool operator==(const Evict&, const Evict&) = default;
};

struct Ban {  // two reporters agreed: neither ask nor serve this node for an hour
  static constexpr MessageType type = MessageType::ban;
  std::string node;
  std::string host;
  template <class C>
  static void fields(C& c, Ban& m) {
    c.field(m.node), c.field(m.host);
  }
  friend bool operator==(const Ban&, const Ban&) = default;
};

struct Waiting {  // each second: the origin sends nothing of this layer now, and the tracker asks it again
  static constexpr MessageType type = MessageType::waiting;
  Digest digest;
  bool is_paced = false;  // the origin limits its requests, and this layer's waits for its turn
  bool is_fetched_by_agent = false;  // with its caller's credential (Reason::own_fetch)
  template <class C>
  static void fields(C& c, Waiting& m) {
    c.field(m.digest), c.appended(m.is_paced), c.appended(m.is_fetched_by_agent);
  }
  friend bool operator==(const Waiting&, const Waiting&) = default;
};

}  // namespace shoal::control
