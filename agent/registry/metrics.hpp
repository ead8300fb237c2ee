// Metrics: what the endpoint counts. `agent/metrics.cpp` puts them on the page; docs/metrics.md explains them.
//
// Threads: written on the loop.
#pragma once

#include <map>
#include <vector>

#include "agent/pull/source.hpp"
#include "shared/metrics/metrics.hpp"

namespace shoal::agent::registry {

enum class Kind { manifest, blob, list, base, other };  // of a request

// Answers by kind and status.
class RequestCounts {
 public:
  void add(Kind kind, unsigned status);  // 0: none was sent
  std::vector<metrics::Page::Value> values() const;

 private:
  std::map<std::pair<Kind, unsigned>, std::uint64_t> counts_;
};

struct Metrics {
  RequestCounts requests;
  std::array<metrics::Counter, pull::source_names.size()> served_bytes;  // by pull::Source
  metrics::SizedHistogram first_byte;          // from the request to the first byte of an answer of that size
  metrics::Counter unknown_registry_requests;  // for a registry that is not configured
  metrics::Counter wrong_host_requests;        // whose Host is not ours
  metrics::Counter unknown_client_requests;    // without the header of client_header_file
  std::array<metrics::Counter, 3> closed_for_room;  // connections, by http::Doing
  metrics::Counter unserved_requests;          // with a method or path that is not served
};

}  // namespace shoal::agent::registry
