// The holder protocol: a node reads a layer from another node that has it, in one HTTP request.
//
//   GET /v1/small/<digest>         a layer of at most largest_small; agents also while it is arriving, and trackers
//   GET /v1/held/<digest>          any layer that an agent holds, with or without a Range
//   Authorization: Shoal <proof>   proof of the swarm key, for this digest
//   Shoal-Hedged: 1                another node was asked before and may still answer: only an idle node is to serve it
//   Shoal-Arriving: 1              in an answer: the bytes follow once this node has them all itself
//
// Answers: 200 or 206 and the bytes; 401 without a right proof; 404 for a layer that is not there, or another path; 405
// for any method but GET and HEAD; 503 when too many layers are being sent.
// Threads: any.
#pragma once

#include <span>
#include <string>

#include "shared/http/client.hpp"
#include "shared/layer/swarm_name.hpp"

namespace shoal::holder {

enum class Resource { small, held };

inline constexpr const char* arriving_header = "Shoal-Arriving";

// HMAC-SHA-256(swarm key; "small", digest text), hexadecimal: the same for both resources.
std::string proof(const SwarmKey& key, const Digest& digest);

// ---- asking

struct Node {  // that serves the layer
  std::string host;
  std::uint16_t port = 0;
};

// For all bytes of a layer of this size.
http::ClientRequest small_request(const Node& node, const SwarmKey& key, const Digest& digest, ByteCount size);
// The same with more time: for the tracker, once no other node has sent the layer.
http::ClientRequest patient_small_request(const Node& node, const SwarmKey& key, const Digest& digest);
// A node that has enough to send refuses it with 503: on links that are full, asking more nodes would make all slower.
http::ClientRequest hedged(http::ClientRequest request);
// For the bytes from `from` on.
http::ClientRequest held_request(const Node& node, const SwarmKey& key, const Digest& digest, std::uint64_t from);

// Whether the node that answers waits for the layer's bytes itself.
bool is_arriving(const http::ClientResponse& response);

// ---- serving

// Whether the path belongs to this protocol: then `parse` answers for it.
bool is_holder_path(std::string_view path);

struct Question {
  Resource resource;
  Digest digest;
  bool is_hedged = false;
};
// The question, or the refusal to send: of a path, a method, or a proof that fits none of the keys.
tl::expected<Question, http::Response> parse(const http::Request& request, std::span<const SwarmKey> keys);

}  // namespace shoal::holder
