// ImagePulls: what runtimes got, by source: counted, and told in one line for each image.
//
// An image pull is a manifest, what it names, and what these name, as long as a runtime goes on asking. It is told when
// nothing of it was asked for 5 s. A layer that several images name counts for the one whose manifest was read last.
// Threads: the loop.
#pragma once

#include <string>
#include <unordered_map>
#include <vector>

#include "agent/registry/metrics.hpp"
#include "shared/core/clock.hpp"
#include "shared/core/digest.hpp"
#include "shared/http/server.hpp"

namespace shoal::agent::registry {

// A manifest or an index that was answered.
struct ManifestSeen {
  std::string image;  // "registry.example.com/app:v1", or without a tag
  bool by_tag = false;
  Digest digest;
  std::string client;
  Time asked;
  std::vector<Digest> names;  // of its layers, its configuration, its manifests
};

class ImagePulls {
 public:
  ImagePulls(Loop& loop, Clock& clock, Metrics& metrics) : loop_(loop), clock_(clock), metrics_(metrics) {}

  void see(ManifestSeen manifest);
  using Number = std::uint64_t;  // of a pull; 0: none
  // A request for a blob, until it was answered.
  Number begin_blob(const Digest& digest);
  void end_blob(Number number, bool failed);
  // Bytes of an answer that the runtime got.
  void serve(const Digest& digest, const pull::SourceBytes& bytes);

  // Sends bytes that all came from one source, and counts those that left.
  Task<Result<void>> send(http::Exchange& exchange, Digest digest, pull::Source source, Bytes bytes);

  std::size_t open() const { return pulls_.size(); }  // not told yet

 private:
  struct Pull {
    std::string image;
    bool has_tag = false;
    Digest digest;
    std::string client;
    Time started;
    Time last;
    int running = 0;  // requests of blobs
    int blobs = 0;
    int failed = 0;
    pull::SourceBytes bytes{};
    std::vector<Digest> digests{};
  };
  Pull* find(Number number);
  Number number_of(const Digest& digest) const;
  Pull& enter(const ManifestSeen& manifest);
  void name(Number number, Pull& pull, const Digest& digest);
  void tell(Number number);
  Task<void> watch();

  Loop& loop_;
  Clock& clock_;
  Metrics& metrics_;
  Number last_number_ = 0;
  std::unordered_map<Number, Pull> pulls_;
  std::unordered_map<Digest, Number> pull_of_;
};

}  // namespace shoal::agent::registry
