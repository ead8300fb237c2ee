#include "agent/pull/admission.hpp"

#include "agent/pull/space.hpp"

namespace shoal::agent::pull {

bool Admission::is_known() const {
  const std::string& upstream = asker_->ask.repository.upstream;
  if (!asker_->is_proven) asker_->is_proven = possession_->has(upstream, asker_->ask.digest);
  return asker_->is_proven || download_->askers().provenance().are_all_of(upstream);
}

// The size is its own registry's, or the layer's that it has.
bool Admission::is_named(const Askers& askers) const {
  return is_known() && (askers.is_verified() || askers.names_size(asker_->ask.repository.upstream));
}

// The manifest's, when the layer has it, or the one that the asker's own registry named.
std::optional<ByteCount> Admission::size_now() const {
  if (!download_->begun()) return std::nullopt;
  const ByteCount size = download_->layout().layer_size();
  const Askers& askers = download_->askers();
  const bool is_its = asker_->ask.size_hint ? *asker_->ask.size_hint == size
                                            : is_named(askers);
  return is_its ? std::optional(size) : std::nullopt;
}

// Nothing while it is not known. Of a download that has failed the asker gets what it got before, and no other bytes.
std::optional<Result<void>> Admission::verdict() const {
  const Askers& askers = download_->askers();
  if (asker_->failure && (asker_->is_refused || has_failed())) return tl::unexpected(*asker_->failure);
  if (download_->begun()) {
    if (is_named(askers)) {
      Result<void> agreed = agree_on_size(asker_->ask, download_->layout().layer_size());
      if (!agreed) return agreed;
    }
    const bool is_readable = askers.is_verified() || !askers.provenance().is_direct_of_another(asker_->ask.repository.upstream);
    if (is_known() && size_now() && is_readable) return Result<void>();
  }
  return std::nullopt;
}

bool Admission::waits_for_others() const {
  if (!download_->begun() || !download_->askers().is_answered() || asker_->is_asking) return false;
  const bool is_turn_to_come = download_->arrival().written().held() == 0 && asker_->turns == 0;
  if (is_turn_to_come) return false;
  const bool is_foreign = download_->askers().provenance().is_direct_of_another(asker_->ask.repository.upstream);
  return !is_known() || is_foreign || !size_now();
}

// Its registry is asked once the cluster sends no further piece (sources.hpp).
bool Admission::is_to_be_asked_beside() const {
  const bool is_foreign = download_->askers().provenance().is_direct_of_another(asker_->ask.repository.upstream);
  return asker_->turns == 0 && !is_foreign && !download_->passage();
}

bool Admission::has_failed() const {
  const Askers& askers = download_->askers();
  return askers.is_over() && !askers.is_verified();
}

Task<Error> Admission::why_it_failed() const {
  const auto failure = co_await failure_of(download_);
  co_return failure.value_or(Error{ErrorKind::unavailable, "the pull has ended"});
}

bool Admission::has_ended_for_all() const {
  return has_failed() && !asker_->failure;
}

// Until something changes. `no_space` once others have been waited for long enough.
Task<Result<void>> Admission::wait_a_little(Wait& wait, std::optional<Time> due) const {
  const Time now = clock_->now();
  std::optional<Time> until = due;
  if (waits_for_others()) {
    const PieceIndex held = download_->arrival().written().held();
    if (!std::exchange(wait.is_begun, true)) wait.begun = wait.moved = now;
    if (std::exchange(wait.held, held) != held) wait.moved = now;
    const Time longest = wait.begun + limits_.longest;
    const Time end = is_to_be_asked_beside() ? longest : std::min(wait.moved + limits_.progress, longest);
    if (now >= end) co_return fail(ErrorKind::no_space, "another registry sends the layer, too slowly for this caller");
    until = due ? std::min(*due, end) : end;
  }
  if (due && now >= *due) co_return fail(ErrorKind::unavailable, "nothing has arrived yet");
  if (until) {
    co_await download_->changed().wait_for(*clock_, std::chrono::ceil<Milliseconds>(*until - now));
  } else {
    co_await download_->changed().wait();
  }
  co_return Result<void>();
}

Task<Result<ByteCount>> Admission::size() const {
  Wait wait;
  for (;;) {
    const auto known = verdict();
    if (known && !*known) co_return tl::unexpected(known->error());
    if (has_failed()) {
      Error why = co_await why_it_failed();
      co_return tl::unexpected(std::move(why));
    }
    if (is_size_promised_) co_return *asker_->ask.size_hint;
    if (const auto size = size_now()) co_return *size;
    const Result<void> waited = co_await wait_a_little(wait, std::nullopt);
    if (!waited) co_return tl::unexpected(waited.error());
  }
}

Task<Result<void>> Admission::bytes(std::optional<Milliseconds> limit) const {
  const std::optional<Time> due = limit ? std::optional(clock_->now() + *limit) : std::nullopt;
  Wait wait;
  for (;;) {
    if (auto known = verdict()) co_return *known;
    if (has_failed()) {
      Error why = co_await why_it_failed();
      co_return tl::unexpected(std::move(why));
    }
    Result<void> waited = co_await wait_a_little(wait, due);
    if (!waited) co_return waited;
  }
}

}  // namespace shoal::agent::pull
