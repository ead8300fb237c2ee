// Endpoint: the registry that the node's container runtime talks to. Read-only.
//
// Source: OCI distribution-spec, pull; DESIGN section 4 (what containerd 1.6 to 2.3, podman, skopeo and docker send).
// Threads: the loop.
#pragma once

#include "agent/registry/manifests.hpp"
#include "agent/registry/range.hpp"
#include "shared/http/server.hpp"

namespace shoal::agent::registry {

enum class Handover {
  stream,  // verified pieces as they become contiguous, the last one after the digest matched
  whole,   // nothing before the digest matched
};

struct EndpointOptions {
  std::string default_upstream = "docker.io";
  Handover handover = Handover::stream;
  Milliseconds first_byte_limit{5'000};  // then the head is sent and the body follows as it comes (DESIGN section 4)
};

class Endpoint {
 public:
  Endpoint(pull::Parts parts, pull::Pulls& pulls, EndpointOptions options);
  Task<void> handle(http::Exchange& exchange);

 private:
  std::optional<Error> unknown_upstream(const Route& route) const;
  Task<void> manifest(http::Exchange& exchange, ManifestRoute route);
  Task<void> blob(http::Exchange& exchange, BlobRoute route);
  Task<void> blob_head(http::Exchange& exchange, pull::Ask ask);
  Task<void> hand_over(http::Exchange& exchange, pull::Ask ask, pull::Layer layer);
  Task<Result<store::VerifiedSpan>> first_span(pull::Ask ask, pull::Layer& layer, std::uint64_t from,
                                               Milliseconds limit);

  pull::Parts parts_;
  pull::Pulls& pulls_;
  EndpointOptions options_;
  Manifests manifests_;
};

}  // namespace shoal::agent::registry
