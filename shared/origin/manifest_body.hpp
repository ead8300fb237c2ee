// What a registry sends as a manifest or as a list, looked at before it is believed: a captive portal, a login page and an
// overloaded proxy answer with status 200 too.
//
// Sources: OCI image-spec (manifest.md, image-index.md), distribution-spec (pulling manifests, listing referrers), docker's
// manifest schemas 1 and 2. RFC 9110 section 8.3.1: a media type may have parameters, and is compared without case.
// Threads: any. A body of 4 MiB takes some 50 ms, so that a large one is looked at on the pool.
#pragma once

#include <optional>
#include <string>

#include "shared/core/bytes.hpp"
#include "shared/core/digest.hpp"
#include "shared/core/result.hpp"
#include "shared/json/scanner.hpp"
#include "shared/origin/origin.hpp"

namespace shoal::origin {

inline constexpr const char* index_type = "application/vnd.oci.image.index.v1+json";

// A media type without its parameters and the white space around it.
std::string_view bare_type(std::string_view content_type);
// Of a web page: a portal's or a proxy's, not a registry's.
bool is_page_type(std::string_view content_type);

// `unavailable` unless the body is a JSON object with what every manifest has: a schema version, a media type, or a list
// of layers, manifests or blobs. Which type it is does not matter: schema 1 and artifacts of all kinds are manifests.
Result<void> check_manifest(ByteView body);

// `unavailable` unless the body is an image index: with a list of manifests, and without another media type or another
// subject than this one. What the entries say is for the client to judge: none is left out.
Result<void> check_index(ByteView body, const Digest& subject);

// `unavailable` unless the body is a JSON object: of tags, of repositories.
Result<void> check_list(ByteView body);

// The two checks of a list that comes in parts and is not kept. `unavailable` from the first fault on.
class ListCheck {
 public:
  explicit ListCheck(std::optional<Digest> subject);  // of referrers; none: of tags or of repositories
  ListCheck(ListCheck&&) noexcept;
  ~ListCheck();
  Result<void> push(ByteView part);
  Result<void> finish();  // behind the last part

 private:
  struct Facts;
  const char* wanted() const;
  std::unique_ptr<Facts> facts_;  // told by the scanner, wherever this object is moved to
  std::optional<Digest> subject_;
  json::Scanner scanner_;
};

// What HEAD of a tag says of its manifest.
struct NamedManifest {
  Digest digest;
  std::uint64_t size_bytes = 0;
  std::string content_type;
};

// Nothing when the answer to HEAD lacks a digest, a size or a type, says 0, or names the type of a web page: GET tells.
std::optional<NamedManifest> named_manifest(const Answer& head);

// Whether GET may say something else than this answer to HEAD, which names no manifest. Registries and the proxies before
// them refuse HEAD with 400, 403, 404, 405 and 501 while GET works (github.com/containerd/containerd pull 6684,
// github.com/distribution/distribution issue 1485). A challenge and a limit hold for both.
bool is_settled_by_get(const Answer& head);

}  // namespace shoal::origin
