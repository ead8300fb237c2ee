// Blobs: layers and configs, handed over as their verified bytes become contiguous.
//
// No complete answer is ever wrong: the last byte of an answer from an arriving layer, whatever its range, waits until
// the whole layer's digest has matched.
// Source: OCI distribution-spec, pull; RFC 9110 sections 13 and 14; DESIGN section 4.
// Threads: the loop.
#pragma once

#include "agent/pull/pulls.hpp"
#include "agent/registry/descriptors.hpp"
#include "agent/registry/range.hpp"
#include "agent/registry/route.hpp"
#include "shared/http/server.hpp"

namespace shoal::agent::registry {

enum class Handover {
  stream,  // verified pieces as they become contiguous, the end after the digest matched
  whole,   // nothing before the digest matched
};

struct HandoverOptions {
  Handover handover = Handover::stream;
  // From the request on; then the head is sent and the body follows as it comes (DESIGN section 4). Later when no
  // manifest has named the size, which is the tracker's word alone then; within the runtimes' 30 s all the same.
  Milliseconds first_byte_limit{5'000};
  Milliseconds first_byte_limit_unnamed{20'000};
  // Before a client that may take 8 MiB of an open-ended range and go (containerd's chunks). Measured there without a
  // bound: a quarter more was sent than taken (evidence/runtimes.md section 2.4).
  ByteCount open_ended_send_buffer = 256_KiB;
};

class Blobs {
 public:
  Blobs(pull::Parts parts, pull::Pulls& pulls, const Descriptors& descriptors, HandoverOptions options)
      : parts_(parts), pulls_(pulls), descriptors_(descriptors), options_(options) {}
  Task<void> answer(http::Exchange& exchange, BlobRoute route);

 private:
  Task<void> answer_head(http::Exchange& exchange, pull::Ask ask);
  Task<tl::expected<ByteCount, http::Response>> find_size(pull::Ask ask);
  std::optional<ByteCount> known_size(const pull::Ask& ask);
  Task<void> hand_over(http::Exchange& exchange, pull::Ask ask, pull::Layer layer, Time head_due);
  Task<void> pass_through(http::Exchange& exchange, pull::Ask ask);
  Task<Result<store::VerifiedSpan>> first_span(pull::Ask ask, pull::Layer& layer, std::uint64_t from,
                                               Milliseconds limit);
  Task<Result<void>> send(http::Exchange& exchange, Digest digest, const pull::Layer& layer, Span wanted);

  pull::Parts parts_;
  pull::Pulls& pulls_;
  const Descriptors& descriptors_;
  HandoverOptions options_;
};

}  // namespace shoal::agent::registry
