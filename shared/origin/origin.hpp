// Origin: reads manifests and layers from the configured registries.
//
// Redirects are followed here: at most 5, https never to http, and to no address that the registry could not answer from
// itself (docs/authentication.md). Each host is answered for itself (authorization.hpp): a challenge with a token, or with
// the configured credential where that host may see it. A caller's own authorization goes to the host that asked for it.
//
// Each host (a registry, a redirect's target, a token server) that cannot be reached is remembered (reach.hpp), and one
// that limits its requests is asked at its pace (turns.hpp): requests wait for their turn in here. Callers with an
// authorization of their own have a pace of their own, since registries count them apart.
// Source: OCI distribution-spec.
// Threads: the loop.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "shared/core/clock.hpp"
#include "shared/core/digest.hpp"
#include "shared/origin/metrics.hpp"
#include "shared/origin/upstreams.hpp"

namespace shoal::origin {

struct Repository {
  std::string upstream;  // key of the table
  std::string name;      // "library/alpine"
};

enum class Kind : std::uint8_t { blob = 0, manifest = 1 };  // on the wire: where the origin keeps the layer
inline bool known(Kind kind) {
  return kind == Kind::blob || kind == Kind::manifest;
}

inline constexpr ByteCount largest_manifest = 4_MiB;  // containerd's own limit

// The origin's answer of any status, with the headers that a caller may relay.
struct Answer {
  unsigned status = 0;
  std::string content_type;
  std::string digest;  // Docker-Content-Digest as sent; empty when absent
  std::optional<std::uint64_t> length;
  std::vector<std::string> challenges;  // WWW-Authenticate, each line
  std::vector<std::string> links;       // Link
  std::string retry_after;
  std::string filters;  // OCI-Filters-Applied, of the referrers
  Bytes body;           // up to largest_manifest; empty for HEAD
};

// Bytes of a layer as they arrive. The total size is the one in the answer's own headers.
class LayerStream {
 public:
  virtual ~LayerStream() = default;
  virtual ByteCount size() const = 0;        // of the whole layer
  virtual std::uint64_t offset() const = 0;  // of the first byte that `next` gives: 0 when Range was ignored
  virtual const std::string& content_type() const = 0;
  virtual Task<Result<ByteView>> next() = 0;  // valid until the next call; empty at the end
};

struct Stretch {  // bytes of a layer
  std::uint64_t first = 0;
  std::uint64_t end = 0;  // one behind the last
};

class Origin {  // open to tests, which have one without a network
 public:
  Origin(Options options, Clock& clock);
  virtual ~Origin();

  // GET or HEAD `path` ("manifests/v1", "tags/list?n=5") of a repository; without a repository's name, of the registry
  // ("_catalog"). `authorization` is the caller's own header
  // and is then used as it is; empty means configured credentials or anonymous. An HTTP error status is an Answer, not
  // an Error.
  virtual Task<Result<Answer>> ask(Repository repository, std::string method, std::string path, std::string accept,
                                   std::string authorization);

  // Opens a layer from byte `from`, or from its start when the registry makes nothing of the Range. 404 is `not_found`,
  // 401 and 403 `refused`, the rest `unavailable`. A layer without a length or over `largest_layer` is `refused`.
  virtual Task<Result<std::unique_ptr<LayerStream>>> open(Repository repository, Kind kind, Digest digest,
                                                          std::uint64_t from, std::string authorization);

  // Opens a part of a blob, of which the layer's size may cut the end off. Null when the registry makes nothing of the
  // Range and would send the whole. Errors as of `open`.
  virtual Task<Result<std::unique_ptr<LayerStream>>> open_part(Repository repository, Digest digest, Stretch part,
                                                               std::string authorization);

  const Options& options() const;
  const Metrics& metrics() const;

  // `not_found` with what to configure when this upstream may not be asked; the remembered cause, with what to look at,
  // while its host cannot be reached. Both are logged and counted.
  Result<void> may_ask(const std::string& upstream) const;
  // Whether requests to this upstream wait for their turn now.
  bool is_paced(const std::string& upstream) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace shoal::origin
