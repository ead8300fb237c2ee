#include "agent/pull/part_reader.hpp"

#include <algorithm>

#include "agent/pull/possession.hpp"
#include "shared/control/timing.hpp"

namespace shoal::agent::pull {
namespace {

constexpr int streams_of_a_part = 3;  // a connection to the origin may break by chance, twice too
// For a layer's pieces, when the origin does not give the part: the client's own limit is 30 s.
constexpr Milliseconds last_wait = control::timing::first_byte;

}  // namespace

Task<Result<PartBytes>> PartReader::next(origin::Stretch left) {
  if (!stream_ || stream_position_ != left.first) {
    stream_.reset();
    if (auto here = find_here(left)) co_return std::move(*here);
    if (!source_) source_ = lazy_.choose(ask_, size_, left.first, length_);
    if (source_ == LazyReads::Source::origin) {
      auto held = co_await wait_for_holders(left);
      if (held) co_return std::move(*held);
    }
  }
  if (!stream_ && source_ == LazyReads::Source::layer) {
    auto arrived = co_await wait_for_layer(left, lazy_.patience(length_));
    if (arrived) co_return arrived;
  }
  auto passed = co_await next_of_origin(left);
  if (passed) co_return passed;
  auto arrived = co_await wait_for_layer(left, last_wait);
  // Of a layer that nobody can deliver, the origin's own answer to this caller says more.
  if (arrived || (arrived.error().answered && !passed.error().answered)) co_return arrived;
  co_return passed;
}

std::optional<PartBytes> PartReader::find_here(origin::Stretch left) {
  std::optional<store::VerifiedSpan> span;
  ByteCount size;
  if (const auto held = parts_.store.find(ask_.digest)) {
    note_possession(parts_, *held);
    if (!may_have(nullptr)) return std::nullopt;
    span = held->readable(left.first);
    size = held->size();
  } else if (const auto running = pulls_.running().find(ask_.digest); running != pulls_.running().end()) {
    const SharedDownload download = running->second;
    const Askers& askers = download->askers();
    // What another registry sends proves nothing before the digest has matched.
    const Provenance& provenance = askers.provenance();
    const bool is_foreign = provenance.is_direct_of_another(ask_.repository.upstream) && !askers.is_verified();
    const bool is_its = provenance.are_all_of(ask_.repository.upstream) || may_have(askers.find(ask_));
    if (is_foreign || !is_its || !follow(download, left.first)) return std::nullopt;
    const bool passes = download->begun() && download->passage();
    span = download->part_now(left.first, passes ? std::min(left.end, left.first + Passage::step_bytes) : left.end);
    if (span) size = download->layout().layer_size();
  }
  if (!span || span->length() == 0 || !accept_size(size)) return std::nullopt;
  return PartBytes(std::move(*span));
}

// What is here is this reader's once its registry is known to have the layer.
bool PartReader::may_have(const SharedAsker& asker) const {
  return needs_no_possession(granted_) || has_possession(parts_, ask_) || (asker && asker->is_proven);
}

// Of a layer without room there is what its window reaches, and the window follows its readers. False when it is
// elsewhere: its pieces are dropped, or not wanted soon.
bool PartReader::follow(const SharedDownload& download, std::uint64_t at) {
  if (!download->begun() || !download->passage()) return true;
  Passage& passage = *download->passage();
  if (!passage.contains(at)) return false;
  if (!followed_ || followed_->download != download) followed_ = Followed{download, passage.add_reader()};
  passage.move(*followed_->reader, at);
  return true;
}

SourceBytes PartReader::sources_of(bool here, std::uint64_t first, std::uint64_t end) const {
  const auto running = pulls_.running().find(ask_.digest);
  const bool arrives = running != pulls_.running().end() && running->second->begun();
  if (here && arrives) return pull::sources_of(*running->second, first, end);
  SourceBytes bytes;
  bytes.of(here ? Source::store : Source::passed_through) = end - first;
  return bytes;
}

// The client has been told the layer's size, or will be.
Result<void> PartReader::accept_size(ByteCount size) {
  if (size_ && *size_ != size) return fail(ErrorKind::corrupt, "the layer's size has changed to " + text(size));
  size_ = size;
  return {};
}

// Of a layer that other nodes hold, the part's pieces come from them, before all others.
Task<std::optional<PartBytes>> PartReader::wait_for_holders(origin::Stretch left) {
  if (lazy_.looks_for_holders(ask_)) {
    if (!ask_.size_hint) ask_.size_hint = size_;
    pulls_.fetch_parts(granted_, ask_);
  }
  const auto running = pulls_.running().find(ask_.digest);
  if (running == pulls_.running().end() || !running->second->begun() || !wants_parts(*running->second)) co_return std::nullopt;
  const SharedDownload download = running->second;
  const PieceLayout& layout = download->layout();
  const Time now = parts_.clock.now();
  const std::uint64_t end = std::min(left.end, layout.layer_size().value);
  if (left.first >= end) co_return std::nullopt;
  download->attempt().parts->want(layout.piece_at(left.first), layout.piece_at(end - 1) + 1, now);
  download->changed().notify();
  const Time due = now + lazy_.patience_with_holders(ask_, download->arrival().written().held());
  for (Time at = now; at < due && !download->finished(); at = parts_.clock.now()) {
    co_await download->changed().wait_for(parts_.clock, std::chrono::ceil<Milliseconds>(due - at));
    if (auto here = find_here(left)) {
      lazy_.note_read(ask_, end - left.first);
      co_return here;
    }
  }
  lazy_.note_holders_missed(ask_, download->arrival().written().held());
  co_return std::nullopt;
}

// The layer is fetched, and the part's pieces are waited for.
Task<Result<PartBytes>> PartReader::wait_for_layer(origin::Stretch left, Milliseconds limit) {
  const Time due = parts_.clock.now() + limit;
  if (!ask_.size_hint) ask_.size_hint = size_;
  pulls_.fetch(granted_, ask_);
  SharedDownload last;
  for (;;) {
    if (auto here = find_here(left)) co_return std::move(*here);
    const auto running = pulls_.running().find(ask_.digest);
    if (running == pulls_.running().end()) {
      const SharedAsker asker = last ? last->askers().find(ask_) : nullptr;
      if (asker && asker->failure && asker->failure->answered) co_return tl::unexpected(*asker->failure);
      lazy_.note_failed_fetch(ask_);
      co_return fail(ErrorKind::unavailable, "the layer could not be fetched");
    }
    last = running->second;
    const SharedAsker asker = last->askers().find(ask_);
    if (asker && asker->is_refused) co_return tl::unexpected(*asker->failure);
    if (!follow(running->second, left.first)) {
      if (!pulls_.leave_passed(ask_.digest, left.first))
        co_return fail(ErrorKind::unavailable, "there is no room for the layer, and its window is elsewhere");
      pulls_.fetch(granted_, ask_);
      continue;
    }
    const auto time_left = std::chrono::duration_cast<Milliseconds>(due - parts_.clock.now());
    if (time_left <= Milliseconds::zero()) co_return fail(ErrorKind::unavailable, "the part has not arrived yet");
    const SharedDownload download = running->second;
    co_await download->changed().wait_for(parts_.clock, time_left);
  }
}

Task<Result<PartBytes>> PartReader::next_of_origin(origin::Stretch left) {
  Error error;
  for (int streams = 0; streams < streams_of_a_part; ++streams) {
    if (!stream_) {
      auto opened = co_await lazy_.open(ask_, left);
      if (!opened) co_return tl::unexpected(opened.error());
      const Result<void> same = accept_size((*opened)->layer_size());
      if (!same) co_return tl::unexpected(same.error());
      stream_ = std::move(*opened);
      stream_position_ = left.first;
    }
    const auto bytes = co_await stream_->next();
    if (bytes && !bytes->empty()) {
      stream_position_ += bytes->size();
      co_return PartBytes(copy_of(*bytes));
    }
    stream_.reset();
    error = bytes ? Error{ErrorKind::unavailable, "the origin's part ends early"} : bytes.error();
  }
  co_return tl::unexpected(error);
}

}  // namespace shoal::agent::pull
