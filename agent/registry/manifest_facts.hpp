// ManifestFacts: what this endpoint needs to know of a manifest or an index, read once.
//
// Source: OCI image-spec, manifest.md, image-index.md and descriptor.md; docker's schema 2 has the same fields.
// Threads: any. A manifest of 4 MiB takes some 50 ms, so that a large one is read on the pool.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "shared/core/digest.hpp"
#include "shared/core/units.hpp"

namespace shoal::agent::registry {

struct Descriptor {
  Digest digest;
  ByteCount size;
};

struct ManifestFacts {
  // The `mediaType` field when it can stand in a header; else what the content is when it has no such field.
  std::string media_type;
  // What `config`, `layers`, `manifests` and `blobs` point to, those without a digest or a possible size left out.
  std::vector<Descriptor> descriptors;
};

// Of the elements of a manifest these many count, the first ones. An artifact of many files has some thousands; all of
// them take 1 MiB here and an eighth of the table of sizes.
inline constexpr std::size_t most_descriptors = 8'192;

// Anything that is not a manifest, or passes a limit of the JSON reader, has no descriptors and the type of an OCI
// manifest: its bytes are right all the same. Of a field that is named twice the last one counts.
ManifestFacts read_manifest(std::string_view json);

}  // namespace shoal::agent::registry
