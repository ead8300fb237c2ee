// Manifests: by tag, always asked of the origin (through the tracker when the caller has no credentials, so that nodes
// that ask at the same time share an answer); by digest, from the store, a holder or the origin, verified before the first
// byte. With `stale_if_error`, a tag keeps its last known digest while the origin cannot answer.
//
// The origin's answer to HEAD of a tag is a hint: GET settles what it refuses or leaves open, and a held manifest is known
// better. What a tag leads to has to be a manifest (shared/origin/manifest_body.hpp).
//
// Threads: the loop.
#pragma once

#include <variant>

#include "agent/pull/pulls.hpp"
#include "agent/registry/last_known.hpp"
#include "agent/registry/manifest_facts.hpp"
#include "agent/registry/route.hpp"
#include "shared/origin/manifest_body.hpp"

namespace shoal::agent::registry {

struct Manifest {
  Digest digest;
  std::uint64_t size_bytes = 0;
  std::string content_type;  // as the origin sent it; if it sent none, what the body says
  Bytes body;                // empty when only the head was asked for and no byte had to be fetched
  std::vector<Digest> names{};     // in the body
  pull::SourceBytes sources{};     // of the body
  Result<void> is_manifest{};      // by its body, as far as that was read
};

// A manifest, or the origin's own refusal (401 with its challenge, 403, 404 ...), to be relayed.
using ManifestAnswer = std::variant<Manifest, origin::Answer>;

struct ManifestQuestion {
  ManifestRoute route;
  std::string accept;         // all Accept lines as one list, http::sorted_list
  Secret authorization;  // the caller's, may be empty
  bool head_only = false;

  access::Caller caller() const { return {route.repository, authorization}; }
};

class Manifests {
 public:
  Manifests(pull::Parts parts, pull::Pulls& pulls, Milliseconds stale_if_error)
      : parts_(parts), pulls_(pulls), stale_if_error_(stale_if_error) {}
  Task<Result<ManifestAnswer>> answer(ManifestQuestion question);

 private:
  Task<Result<ManifestAnswer>> by_digest(ManifestQuestion question, Digest digest);
  Task<Result<ManifestAnswer>> read_once(access::Granted granted, pull::Ask ask);
  Task<Result<Bytes>> read_body(pull::Layer layer, Digest digest);
  struct Learnt {
    Bytes body;
    ManifestFacts facts;
    Result<void> is_manifest;
  };
  struct Hashed {
    Bytes body;
    Digest digest;
  };
  template <class Work>
  Task<std::invoke_result_t<Work&>> run(std::size_t body_bytes, Work work);
  Task<Learnt> learn(Bytes body, std::string stored_as, access::Granted granted);
  Task<Hashed> hash(Bytes body, DigestAlgorithm algorithm);
  Task<Result<ManifestAnswer>> by_tag(ManifestQuestion question);
  Task<Result<ManifestAnswer>> resolve(ManifestQuestion question);
  Task<Result<ManifestAnswer>> by_named(ManifestQuestion question, origin::NamedManifest named);
  Result<ManifestAnswer> only_manifest(Result<ManifestAnswer> answer);
  access::Granted note_named(const ManifestQuestion& question, const origin::NamedManifest& named);
  bool asks_better(const ManifestQuestion& question) const;
  Task<Result<ManifestAnswer>> stale_head(ManifestQuestion question, Resolved known);
  std::optional<Resolved> stale(const TagQuestion& question, const Result<ManifestAnswer>& answer);
  Task<Result<control::Resolved>> ask_trackers(ManifestQuestion question);
  Task<Result<ManifestAnswer>> from_origin(ManifestQuestion question);
  Task<Result<ManifestAnswer>> read_at_origin(ManifestQuestion question);

  pull::Parts parts_;
  pull::Pulls& pulls_;
  Milliseconds stale_if_error_;
  LastKnown last_known_;
};

}  // namespace shoal::agent::registry
