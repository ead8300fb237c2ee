// SeedRequest: a layer that an agent asks the seeder for; and the values with which the seeder answers.
//
// Threads: any; values.
#pragma once

#include <optional>
#include <variant>

#include "shared/control/messages.hpp"
#include "shared/origin/origin.hpp"

namespace shoal::tracker::seeder {

struct SeedRequest {  // a layer, and where the origin keeps it
  Digest digest;
  origin::Kind kind = origin::Kind::blob;
  origin::Repository repository;
  std::uint64_t size_hint_bytes = 0;  // from the agent's manifest; 0: none
  // Of the agent's caller, for this repository, while the fetch lasts. Empty: the tracker's own, or none.
  Secret authorization{};

  bool asks_as(const SeedRequest& other) const { return same_source(other) && authorization == other.authorization; }
  SeedRequest without_authorization() const { return {digest, kind, repository, size_hint_bytes}; }
  bool same_source(const SeedRequest& other) const {
    return kind == other.kind && repository.upstream == other.repository.upstream &&
           repository.name == other.repository.name;
  }
  std::string image() const { return repository.upstream + "/" + repository.name; }  // for the log
};

// A layer that may be joined now.
struct LayerInfo {
  Digest digest;
  ByteCount size{};
  Generation generation = 0;
  bool is_small = false;                // fetched by HTTP, without a swarm
  std::string content_type{};           // of a manifest
  std::optional<Signature> finished{};  // over the whole list of piece hashes, once the digest matched
  // Registries whose own bytes these are: one of them has sent all that is there, and sends the rest.
  std::vector<std::string> upstreams{};
};

struct Refusal {
  control::Reason reason;
  std::string what;
  Milliseconds retry_after{0};  // the origin asks not to be asked for so long; 0: it did not say
  bool of_tracker = false;      // this tracker cannot use the registry, whatever the layer
  MaybeAnswered answered{};     // by the origin, to this question
};

// Whether another credential than that of the question may change the answer: a registry may hide from a caller what
// the caller may not read.
inline bool depends_on_credential(const Refusal& refusal) {
  const unsigned status = refusal.answered ? refusal.answered->status : 0;
  return status == 401 || status == 403 || status == 404;
}

// For an agent's log: what is wrong may stand in the file that it cannot see.
inline std::string of_tracker(const std::string& what) {
  return "by [upstreams] of the tracker's own configuration file: " + what;
}

struct Pending {};  // an event follows (events.hpp)
using SeedResult = std::variant<Pending, LayerInfo, Refusal>;

// A small layer's verified bytes. Served from memory while they are being made durable: on a busy disk that takes
// longer than all the rest.
struct SmallLayer {
  Bytes bytes;
  std::string content_type;  // of a manifest
  std::vector<std::string> upstreams{};  // as of LayerInfo
};

inline LayerInfo small_info(const Digest& digest, const SmallLayer& layer) {
  return {.digest = digest,
          .size = {layer.bytes.size()},
          .is_small = true,
          .content_type = layer.content_type,
          .upstreams = layer.upstreams};
}

struct WaitingLayer {  // its source sends nothing now
  Digest digest;
  bool is_paced = false;  // its registry limits its requests
  friend bool operator==(const WaitingLayer&, const WaitingLayer&) = default;
};

struct SeededLayer {  // for the status API
  Digest digest;
  ByteCount size{};
  Generation generation = 0;
  PieceIndex pieces = 0;
  PieceIndex published_pieces = 0;
  bool is_fetching = false;
};

}  // namespace shoal::tracker::seeder
