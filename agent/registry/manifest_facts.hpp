// ManifestFacts: the type of a manifest or an index and the sizes that it names, read once.
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
  bool is_elsewhere = false;  // it has `urls`: registries take the manifest without having the layer
  bool is_manifest = false;   // in `manifests`: the registry has it as a manifest, all else as a blob
};

struct ManifestFacts {
  // The `mediaType` field when it is a media type, which can stand in a header; else the OCI type of a manifest or index.
  std::string media_type;
  // Those that have a digest and a possible size, of `config` and `layers` in an image, `manifests` in an index, `blobs` in
  // an artifact. A text with the fields of two of them, or those of another type than its own, has none: a registry looks
  // at the fields of one type alone, so the others may name what it does not have (CVE-2021-41190).
  std::vector<Descriptor> descriptors;
};

// So many of each list count, from the first one on. An artifact of many files has some thousands. A full list takes
// 1 MiB while it is read, and an eighth of the table of sizes.
inline constexpr std::size_t most_descriptors = 8'192;

// A text that is not JSON, or passes a limit of the JSON reader, has no descriptors and the type of an OCI manifest: its
// bytes match their digest and are served all the same. Of a field that is named twice the last one counts.
//
// `stored_as`: the type under which its registry has it, or empty. A registry that keeps an image as an index, or the
// other way round, has looked at no field that the text has.
ManifestFacts read_manifest(std::string_view json, std::string_view stored_as = {});

}  // namespace shoal::agent::registry
