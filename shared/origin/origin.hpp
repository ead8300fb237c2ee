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
#include "shared/core/secret.hpp"
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
// Accept of a manifest by its digest: some registries answer 404 for a type that is not named.
inline constexpr const char* manifest_types =
    "application/vnd.oci.image.manifest.v1+json, application/vnd.oci.image.index.v1+json, "
    "application/vnd.docker.distribution.manifest.v2+json, application/vnd.docker.distribution.manifest.list.v2+json, "
    "*/*";

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

// An answer of which only the beginning was read.
struct LongAnswer {
  Answer answer;                               // `body` is the beginning
  std::unique_ptr<http::ClientResponse> rest;  // of the body; null when there is none
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

// A layer, as a caller asks the registry for it.
struct LayerQuestion {
  Repository repository;
  Kind kind = Kind::blob;
  Digest digest;
  Secret authorization{};           // the caller's own header, as it is; empty: configured credentials or anonymous
  std::optional<ByteCount> size{};  // that a manifest or an earlier answer named: of an answer that does not say it
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
                                   Secret authorization);

  // GET as `ask` has it, of what may be longer than a manifest: the body is read up to `most`, and some packets further.
  virtual Task<Result<LongAnswer>> ask_long(Repository repository, std::string path, std::string accept,
                                            Secret authorization, ByteCount most);

  // GET or HEAD of /v2/ with this authorization, or none: the registry's answer to the caller itself, whose challenge
  // says how to log in. With a configured credential and none of the caller's own, it is that of the credential.
  virtual Task<Result<Answer>> ask_base(std::string upstream, std::string method, Secret authorization);

  // Opens a layer from byte `from`, or from its start when the registry makes nothing of the Range. Errors by status:
  // statuses.hpp; they hold what the registry answered. A layer over `largest_layer` is `refused`.
  //
  // An answer may lack its length (chunks, HTTP/1.0): then `question.size` counts, else the answer is read to its end
  // first: into memory up to `largest_measured`, as a manifest's 4 MiB; a larger blob is read twice, first to count it.
  virtual Task<Result<std::unique_ptr<LayerStream>>> open(LayerQuestion question, std::uint64_t from);
  static constexpr ByteCount largest_measured = 8_MiB;  // of few requests at once: nearly all have a manifest's size

  // Opens a part of a blob, of which the layer's size may cut the end off. Null when the registry makes nothing of the
  // Range and would send the whole. Errors as of `open`.
  virtual Task<Result<std::unique_ptr<LayerStream>>> open_part(Repository repository, Digest digest, Stretch part,
                                                               Secret authorization);

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
