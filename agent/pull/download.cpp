#include "agent/pull/download.hpp"

#include "shared/log/log.hpp"
#include "shared/store/filling.hpp"

namespace shoal::agent::pull {
namespace {

// A step of hashing on the pool: long enough to cost no wake-ups, short enough to let other layers in.
constexpr std::uint64_t hash_step_bytes = (4_MiB).value;

// Pieces that an earlier pull left count once they are read and hashed again.
Task<void> recheck(SharedDownload download, Download::Parts parts, std::vector<store::NotedPiece> left) {
  const auto file = download->arrival().file();
  const std::size_t step = std::max<std::uint64_t>(1, hash_step_bytes / download->layout().piece_length().value);
  for (std::size_t first = 0; first < left.size(); first += step) {
    const auto begin = left.begin() + static_cast<std::ptrdiff_t>(first);
    std::vector<store::NotedPiece> some(begin,
                                        begin + static_cast<std::ptrdiff_t>(std::min(step, left.size() - first)));
    auto check = [file, some = std::move(some)] { return store::recheck(*file, some); };
    const auto right = co_await parts.pool.run(std::move(check));
    for (const store::WrittenPiece& piece : right) download->note(piece, &Received::from_partial);
  }
}

// The registry of an asker; empty when another one's bytes were left, or nobody knows whose.
std::string source_of_left(const Download& download) {
  for (const SharedAsker& asker : download.askers().all()) {
    const std::string& upstream = asker->ask.repository.upstream;
    if (download.arrival().reserved().is_left_of(upstream)) return upstream;
  }
  return {};
}

}  // namespace

Download::Download(Parts parts, Askers askers, Attempt attempt)
    : parts_(parts), askers_(std::make_unique<Askers>(std::move(askers))), attempt_(attempt), changed_(parts.loop) {}

void Download::begin(store::Reserved reserved) {
  SHOAL_CHECK(!begun());
  arrival_.emplace(std::move(reserved));
  if (arrival_->file()->is_window()) passage_ = std::make_unique<Passage>(parts_.clock, changed_, arrival_->partial());
  spawn(parts_.loop, hash_behind());
  changed_.notify();
}

Task<Result<void>> Download::resume(std::optional<Generation> generation) {
  const auto self = shared_from_this();
  Result<bool> is_first = true;
  if (generation) {
    is_first = arrival_->begin_generation(*generation);
  } else {
    is_first = arrival_->begin_origin();
  }
  if (!is_first) co_return tl::unexpected(is_first.error());
  if (!*is_first) co_return Result<void>{};
  auto read = [reserved = arrival_->reserved()] { return reserved.left(); };
  auto left = co_await parts_.pool.run(std::move(read));
  if (!left || left->empty()) {  // an unreadable record costs a download, no more
    arrival_->reserved().note_source(askers_->provenance().sole());
    co_return Result<void>{};
  }
  askers_->provenance().note(source_of_left(*this));
  co_await recheck(self, parts_, std::move(*left));
  arrival_->reserved().note_source(askers_->provenance().sole());
  log::debug("pull", "layer resumed",
             {{"digest", ask().digest.text()},
              {"image", ask().image()},
              {"pieces", arrival_->written().held()},
              {"of_pieces", arrival_->written().size()}});
  co_return Result<void>{};
}

void Download::note(const store::WrittenPiece& piece, std::uint64_t Received::*source) {
  if (!arrival_->note(piece, source)) return;
  if (arrival_->written().held() == 1)
    log::debug("pull", "first piece", {{"digest", ask().digest.text()}, {"image", ask().image()}});
  changed_.notify();
}

// A small layer is hashed and written in a millisecond: its turn on the pool, which hashes layers, may come later than
// that. A manifest of 4 MiB would block the loop.
Task<Result<void>> Download::write_whole(Bytes bytes, std::uint64_t Received::*source) {
  const auto self = shared_from_this();
  const bool at_once = bytes.size() <= small_layer_limit.value;
  auto write = [file = arrival_->file(), bytes = std::move(bytes)] { return store::PieceIntake(file).take(bytes); };
  Result<std::vector<store::WrittenPiece>> written;
  if (at_once) {
    written = write();
  } else {
    written = co_await parts_.pool.run(std::move(write));
  }
  if (!written) co_return tl::unexpected(written.error());
  for (const store::WrittenPiece& piece : *written) note(piece, source);
  if (!filled()) co_return fail(ErrorKind::corrupt, "the layer is shorter than its size");
  co_return Result<void>{};
}

Task<void> Download::hash_behind() {
  const auto self = shared_from_this();
  // Shared: with the pool's thread, one step at a time.
  const auto verifier = std::make_shared<store::LayerVerifier>(ask().digest, arrival_->file());
  const std::uint64_t size = layout().layer_size().value;
  while (verifier->position() < size) {
    const std::uint64_t ready = arrival_->partial().contiguous_bytes();
    const std::uint64_t end = std::min(ready, verifier->position() + hash_step_bytes);
    if (end == verifier->position()) {
      if (finished()) co_return;  // given up before it was filled
      co_await changed_.wait();
      continue;
    }
    auto advance = [verifier, end] { return verifier->advance(end); };
    const Result<void> advanced = co_await parts_.pool.run(std::move(advance));
    if (passage_) passage_->note_hashed(verifier->position());
    if (advanced) continue;
    verdict_ = tl::unexpected(advanced.error());
    changed_.notify();
    co_return;
  }
  verdict_ = verifier->finish();
  if (*verdict_) {
    arrival_->release_tail(**verdict_);
    askers_->note_verified();
  }
  changed_.notify();
}

Task<Result<store::VerifiedLayer>> Download::verified() {
  while (!verdict_) co_await changed_.wait();
  co_return *verdict_;
}

void Download::finish(Result<store::HeldLayer> outcome) {
  SHOAL_CHECK(!finished());
  if (arrival_) arrival_->release_space(!outcome && outcome.error().kind == ErrorKind::corrupt);
  if (outcome) askers_->note_verified();
  askers_->note_over();
  outcome_ = std::move(outcome);
  changed_.notify();
}

Task<Result<ByteCount>> Download::size() {
  const auto self = shared_from_this();
  while (!begun() && !finished()) co_await changed_.wait();
  if (begun()) co_return layout().layer_size();
  if (*outcome_) co_return (*outcome_)->size();
  co_return tl::unexpected(outcome_->error());
}

std::optional<Result<store::VerifiedSpan>> Download::readable_now(std::uint64_t from) const {
  if (outcome_ && *outcome_) return (*outcome_)->readable(from);
  if (passage_ && !passage_->contains(from))
    return tl::unexpected(Error{ErrorKind::no_space, "there is no room for the layer, and its window is elsewhere"});
  if (arrival_ && !arrival_->file()->is_lost()) {
    const std::uint64_t most = passage_ ? Passage::step_bytes : largest_layer.value;
    store::VerifiedSpan span = arrival_->partial().readable(from, most);
    const bool tail_released = verdict_ && *verdict_;
    const bool at_end = tail_released && from == layout().layer_size().value;
    if (span.length() > 0 || at_end) return span;
  }
  if (outcome_) return tl::unexpected(outcome_->error());
  return std::nullopt;
}

Task<Result<store::VerifiedSpan>> Download::readable(std::uint64_t from, Window::Reader reader) {
  const auto self = shared_from_this();
  if (passage_ && reader) passage_->move(*reader, from);
  auto found = readable_now(from);
  while (!found) {
    co_await changed_.wait();
    found = readable_now(from);
  }
  co_return std::move(*found);
}

Task<Result<store::VerifiedSpan>> Download::readable_within(std::uint64_t from, Milliseconds limit,
                                                            Window::Reader reader) {
  const auto self = shared_from_this();
  if (passage_ && reader) passage_->move(*reader, from);
  const Time end = parts_.clock.now() + limit;
  auto found = readable_now(from);
  while (!found) {
    const auto left = std::chrono::duration_cast<Milliseconds>(end - parts_.clock.now());
    if (left <= Milliseconds::zero()) co_return fail(ErrorKind::unavailable, "nothing has arrived yet");
    co_await changed_.wait_for(parts_.clock, left);
    found = readable_now(from);
  }
  co_return std::move(*found);
}

std::optional<store::VerifiedSpan> Download::part_now(std::uint64_t from, std::uint64_t end) const {
  if (outcome_ && *outcome_) return (*outcome_)->readable(from);
  const bool is_wrong = verdict_ && !*verdict_;
  if (outcome_ || is_wrong || !arrival_ || arrival_->file()->is_lost()) return std::nullopt;
  store::VerifiedSpan span = arrival_->partial().readable_part(from, end);
  if (span.length() == 0) return std::nullopt;
  return span;
}

Task<std::optional<Error>> failure_of(SharedDownload download) {
  std::optional<Error> failure;
  if (!download->finished()) co_return failure;
  if (download->begun()) {
    const auto end = co_await download->readable_within(download->layout().layer_size().value, Milliseconds::zero());
    if (!end) failure = end.error();
  } else {
    const auto size = co_await download->size();
    if (!size) failure = size.error();
  }
  co_return failure;
}

SourceBytes sources_of(const Download& download, std::uint64_t first, std::uint64_t end) {
  SourceBytes bytes = download.arrival().sources_of(first, end);
  if (download.passage()) bytes.of(Source::passed_through) = std::exchange(bytes.of(Source::origin), 0);
  return bytes;
}

void want_whole(Download& download) {
  if (!wants_parts(download)) return;
  download.attempt().parts->want_whole();
  download.changed().notify();
}

}  // namespace shoal::agent::pull
