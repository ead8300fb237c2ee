// Admission: what one asker may be told and given of a layer that is under way.
//
// The size: its manifest's, or what its own registry names. Bytes: while its registry alone has sent them, or once it is known
// to have the layer, and no earlier than the digest has matched when another registry sends them. While that takes long its
// own registry gives it the bytes: then the admission is `no_space`, as of a layer without room, and the caller passes the
// layer through.
//
// Threads: the loop.
#pragma once

#include "agent/pull/download.hpp"
#include "agent/pull/parts.hpp"

namespace shoal::agent::pull {

struct AdmissionLimits {
  // For bytes of another registry, its proof, or a size that another one named: without a new piece, and in all.
  Milliseconds progress{1'000};
  Milliseconds longest{10'000};
};

class Admission {
 public:
  // `is_size_promised`: there is room for a layer of the size that its manifest names, and its caller is told so at once.
  Admission(const Parts& parts, SharedDownload download, SharedAsker asker, bool is_size_promised)
      : clock_(&parts.clock),
        possession_(&parts.access.possession()),
        download_(std::move(download)),
        asker_(std::move(asker)),
        is_size_promised_(is_size_promised) {}

  // As soon as it may be told.
  Task<Result<ByteCount>> size() const;
  // Bytes that are there may be given; in time, or `unavailable`.
  Task<Result<void>> bytes(std::optional<Milliseconds> limit) const;
  // The attempt has failed, and not because of this asker's own registry.
  bool has_ended_for_all() const;

 private:
  std::optional<Result<void>> verdict() const;
  std::optional<ByteCount> size_now() const;
  bool is_known() const;
  bool is_named(const Askers& askers) const;
  bool has_failed() const;
  Task<Error> why_it_failed() const;
  bool waits_for_others() const;
  bool is_to_be_asked_beside() const;
  struct Wait {
    Time begun{};   // of waiting for others
    Time moved{};   // a new piece came
    PieceIndex held = 0;
    bool is_begun = false;
  };
  Task<Result<void>> wait_a_little(Wait& wait, std::optional<Time> due) const;

  Clock* clock_;                          // both outlive it
  const access::Possession* possession_;
  SharedDownload download_;
  SharedAsker asker_;
  bool is_size_promised_;
  AdmissionLimits limits_{};
};

}  // namespace shoal::agent::pull
