// PartAnswers: answers to requests for parts of a layer that is not held, as readers of files inside layers send them
// (stargz, SOCI, nydus, partial pulls of podman).
//
// Unlike an answer to a reader of the whole, its end waits for no digest: docs/endpoint.md says what is proven.
// Threads: the loop.
#pragma once

#include "agent/pull/part_reader.hpp"
#include "agent/registry/blob_answer.hpp"
#include "agent/registry/image_pulls.hpp"
#include "shared/http/server.hpp"

namespace shoal::agent::registry {

// Whether a GET asks for parts alone, by a Range that counts.
bool wants_parts(const http::Request& request, const Digest& digest);

class PartAnswers {
 public:
  PartAnswers(pull::Parts parts, pull::Pulls& pulls, ImagePulls& images, pull::LazyLimits limits)
      : parts_(parts), pulls_(pulls), images_(images), lazy_(parts, limits) {}

  // Of a request that wants parts, for a layer that is not held. False when it is answered like one for the whole (a
  // small layer, or all of one): nothing was sent then. `size`: of the layer, if known.
  Task<bool> answer(http::Exchange& exchange, pull::GrantedAsk asked, std::optional<ByteCount> size);

 private:
  Task<std::optional<ByteCount>> find_size(pull::Ask ask, std::optional<Span> alone);
  void remember(const pull::Ask& ask, ByteCount size);
  Task<void> send(http::Exchange& exchange, pull::PartReader& reader, BlobAnswer answer,
                  pull::PartBytes first);

  pull::Parts parts_;
  pull::Pulls& pulls_;
  ImagePulls& images_;
  pull::LazyReads lazy_;
};

}  // namespace shoal::agent::registry
