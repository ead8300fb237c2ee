// Endpoint: the registry that the node's container runtime talks to. Read-only.
//
// Source: OCI distribution-spec, pull; docs/endpoint.md (requests of containerd 1.6 to 2.3, podman, skopeo and docker).
// Threads: the loop.
#pragma once

#include "agent/activity/caller.hpp"
#include "agent/registry/base.hpp"
#include "agent/registry/blobs.hpp"
#include "agent/registry/client_header.hpp"
#include "agent/registry/lists.hpp"
#include "agent/registry/manifests.hpp"
#include "agent/registry/metered_exchange.hpp"

namespace shoal::agent::registry {

struct EndpointOptions {
  std::string default_upstream = "docker.io";
  std::vector<std::string> hosts;  // names by which clients may call this endpoint, beside addresses and "localhost"
  std::string client_header_file;  // with the header that each request must have; empty: none
  Milliseconds stale_if_error{0};  // how old a tag's last known digest may be that is served for a failing origin
  ServeOptions serve;
};

// What the endpoint tells of its requests to.
struct Observers {
  Observers(Metrics& counts, activity::Activity* log = nullptr) : metrics(counts), activity(log) {}
  Metrics& metrics;
  activity::Activity* activity;  // may be none
};

class Endpoint {
 public:
  Endpoint(pull::Parts parts, pull::Pulls& pulls, EndpointOptions options, Observers observers);
  Task<void> handle(http::Exchange& exchange);
  // Pulls that are not told yet: the program ends.
  void tell_pulls() { images_.tell_all(); }

 private:
  Task<void> answer(MeteredExchange& exchange);
  std::optional<http::Response> refusal(const http::Request& request);
  std::optional<http::Response> refuse_host(const http::Request& request) const;
  std::optional<http::Response> refuse_unknown_client(const http::Request& request);
  http::Response refuse_route(const http::Request& request, const BadRoute& cause) const;
  std::optional<http::Response> unknown_upstream(const http::Request& request, const Route& route) const;
  Task<void> manifest(MeteredExchange& exchange, ManifestRoute route);
  Task<void> blob(MeteredExchange& exchange, BlobRoute route);
  void count(const MeteredExchange& exchange);
  activity::Caller caller_of(const http::Request& request, const origin::Repository& repository) const;
  void tell_refusal(const MeteredExchange& exchange, const Route& route);

  pull::Parts parts_;
  EndpointOptions options_;
  Metrics& metrics_;
  ClientHeader client_header_;
  activity::Activity* activity_;
  ImagePulls images_;
  Manifests manifests_;
  Blobs blobs_;
  Lists lists_;
  Base base_;
};

// Whether a request with this Host is for us. An address or "localhost" cannot be another machine's name. Any other name
// must be among `hosts`: otherwise a web page could let its own name resolve to this machine, and read layers through a
// browser.
bool is_our_host(const std::string& header, const std::vector<std::string>& hosts);

}  // namespace shoal::agent::registry
