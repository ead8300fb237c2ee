// Blobs: serves layers and configs, as their verified bytes become contiguous.
//
// No complete answer to a reader of the whole layer is ever wrong: the last byte of an answer from an arriving layer waits
// until the whole layer's digest has matched. Readers of parts do not wait for it: part_answers.hpp.
// Source: OCI distribution-spec, pull; RFC 9110 sections 13 and 14; docs/endpoint.md.
// Threads: the loop.
#pragma once

#include "agent/pull/pulls.hpp"
#include "agent/registry/blob_answer.hpp"
#include "agent/registry/image_pulls.hpp"
#include "agent/registry/part_answers.hpp"
#include "agent/registry/route.hpp"
#include "shared/control/timing.hpp"
#include "shared/http/server.hpp"

namespace shoal::agent::registry {

enum class ServeMode {
  stream,  // verified pieces as they become contiguous, the end after the digest has matched
  whole,   // no byte before the digest has matched
};

struct ServeOptions {
  ServeMode mode = ServeMode::stream;
  // From the request on; then the head is sent and the body follows as it comes. Within a runtime's 30 s for the head,
  // and soon enough that a runtime falls back at once when no source answers.
  Milliseconds first_byte_limit{5'000};
  // When no manifest has named the size, only the tracker has named the size, and the head waits for it longer.
  Milliseconds first_byte_limit_unnamed = control::timing::first_byte;
  // For an open-ended range, of which containerd takes 8 MiB and closes the connection. Measured without a bound: a
  // quarter more was sent than taken.
  ByteCount open_ended_send_buffer = 256_KiB;
  pull::LazyLimits lazy;
};

class Blobs {
 public:
  Blobs(pull::Parts parts, pull::Pulls& pulls, ImagePulls& images, ServeOptions options)
      : parts_(parts),
        pulls_(pulls),
        images_(images),
        options_(options),
        part_answers_(parts, pulls, images, options.lazy) {}
  Task<void> answer(http::Exchange& exchange, BlobRoute route);

 private:
  Task<void> answer_granted(http::Exchange& exchange, pull::GrantedAsk asked, Time since);
  Task<void> answer_head(http::Exchange& exchange, pull::GrantedAsk asked);
  Task<tl::expected<ByteCount, http::Response>> find_size(pull::GrantedAsk asked);
  std::optional<ByteCount> known_size(const pull::GrantedAsk& asked);
  void note_refusal(const pull::GrantedAsk& asked, const Error& error);
  Task<void> answer_error(http::Exchange& exchange, pull::GrantedAsk asked, Error error);
  Task<void> serve(http::Exchange& exchange, pull::GrantedAsk asked, pull::Layer layer, Time head_due);
  struct Start {
    pull::Layer layer;
    Result<void> ready;
  };
  Task<Start> wait_to_start(pull::GrantedAsk asked, pull::Layer layer, std::uint64_t from, Milliseconds limit);
  Task<Result<void>> ready(pull::Layer layer, std::uint64_t from, Milliseconds limit);
  Task<Result<void>> send_all(http::Exchange& exchange, Digest digest, pull::Layer layer, BlobAnswer answer);
  Task<Result<void>> send(http::Exchange& exchange, Digest digest, pull::Layer layer, Span wanted);
  Task<void> pass_through(http::Exchange& exchange, pull::GrantedAsk asked);
  Task<Result<void>> send_passing(http::Exchange& exchange, pull::PassThrough& passing, Span range);

  pull::Parts parts_;
  pull::Pulls& pulls_;
  ImagePulls& images_;
  ServeOptions options_;
  PartAnswers part_answers_;
};

}  // namespace shoal::agent::registry
