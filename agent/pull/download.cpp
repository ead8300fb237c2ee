#include "agent/pull/download.hpp"

#include "shared/log/log.hpp"

namespace shoal::agent::pull {
namespace {

// A step of hashing on the pool: long enough to cost no wake-ups, short enough to let other layers in.
constexpr std::uint64_t hash_step_bytes = (4_MiB).value;

// Those of the noted pieces that are in the file as their record says.
std::vector<store::WrittenPiece> recheck(store::PieceFile& file, std::span<const store::NotedPiece> noted) {
  std::vector<store::WrittenPiece> right;
  for (const auto& [piece, hash] : noted) {
    const auto written = file.recheck(piece, hash);
    if (written) right.push_back(*written);
  }
  return right;
}

}  // namespace

Download::Download(Loop& loop, Pool& pool, Ask ask, int attempt, std::optional<Generation> disproved)
    : loop_(loop), pool_(pool), ask_(std::move(ask)), attempt_(attempt), disproved_(disproved), changed_(loop) {}

void Download::begin(store::Reserved reserved) {
  SHOAL_CHECK(!begun());
  partial_.emplace(reserved.file());
  reserved_ = std::move(reserved);
  spawn(loop_, hash_behind());
  changed_.notify();
}

Task<Result<void>> Download::take_up(std::optional<Generation> generation) {
  const auto self = shared_from_this();
  const bool goes_on = generation && generation_ && *generation != *generation_;
  if (generation) generation_ = generation;
  if (goes_on && !std::exchange(is_mixed_, true)) {
    const Result<void> left = reserved_->leave_generations();
    if (!left) co_return left;
  }
  if (std::exchange(taken_up_, true)) co_return Result<void>{};
  if (generation) {
    const Result<void> same = reserved_->start_generation(*generation);
    if (!same) co_return same;
  }
  auto read = [reserved = *reserved_] { return reserved.left(); };
  const auto read_back = co_await pool_.run(std::move(read));
  if (!read_back || read_back->empty()) co_return Result<void>{};  // an unreadable record costs a download, no more
  const auto file = partial_->file();
  const std::size_t step = std::max<std::uint64_t>(1, hash_step_bytes / file->layout().piece_length().value);
  for (std::size_t first = 0; first < read_back->size(); first += step) {
    const auto begin = read_back->begin() + static_cast<std::ptrdiff_t>(first);
    std::vector<store::NotedPiece> some(begin,
                                        begin + static_cast<std::ptrdiff_t>(std::min(step, read_back->size() - first)));
    auto check = [file, some = std::move(some)] { return recheck(*file, some); };
    const auto right = co_await pool_.run(std::move(check));
    for (const store::WrittenPiece& piece : right) note(piece, &Received::from_partial);
  }
  log::info("pull", "taken up again",
            {{"digest", ask_.digest.text()},
             {"pieces", partial_->written().held()},
             {"of_pieces", partial_->written().size()}});
  co_return Result<void>{};
}

void Download::note(const store::WrittenPiece& piece, std::uint64_t Received::*source) {
  if (!partial_->note(piece)) return;
  if (partial_->written().held() == 1) log::info("pull", "first piece", {{"digest", ask_.digest.text()}});
  received_.*source += partial_->file()->layout().length(piece.index());
  changed_.notify();
}

Result<void> Download::write_whole(ByteView bytes, std::uint64_t Received::*source) {
  const PieceLayout& layout = partial_->file()->layout();
  PieceHashes hashes(layout);
  for (PieceIndex piece = 0; piece < layout.count(); ++piece) {
    auto taken = hashes.take_from_origin(piece, bytes.subspan(layout.offset(piece), layout.length(piece)));
    if (!taken) return tl::unexpected(taken.error());
    auto written = partial_->file()->write(*taken);
    if (!written) return tl::unexpected(written.error());
    note(*written, source);
  }
  return {};
}

Task<void> Download::hash_behind() {
  const auto self = shared_from_this();
  auto verifier = std::make_shared<store::LayerVerifier>(ask_.digest, partial_->file());
  const std::uint64_t size = partial_->file()->layout().layer_size().value;
  while (verifier->position() < size) {
    const std::uint64_t end = std::min(partial_->contiguous_bytes(), verifier->position() + hash_step_bytes);
    if (end == verifier->position()) {
      if (settled()) co_return;  // given up before it was filled
      co_await changed_.wait();
      continue;
    }
    auto advance = [verifier, end] { return verifier->advance(end); };
    const Result<void> advanced = co_await pool_.run(std::move(advance));
    if (advanced) continue;
    verdict_ = tl::unexpected(advanced.error());
    changed_.notify();
    co_return;
  }
  verdict_ = verifier->finish();
  if (*verdict_) partial_->release_tail(**verdict_);
  changed_.notify();
}

Task<Result<store::VerifiedLayer>> Download::verified() {
  while (!verdict_) co_await changed_.wait();
  co_return *verdict_;
}

void Download::settle(Result<store::HeldLayer> outcome) {
  SHOAL_CHECK(!settled());
  if (!outcome && outcome.error().kind == ErrorKind::corrupt && reserved_) reserved_->discard();
  outcome_ = std::move(outcome);
  reserved_.reset();  // committed, or given back before a next attempt reserves again
  changed_.notify();
}

Task<Result<ByteCount>> Download::size() {
  const auto self = shared_from_this();
  while (!begun() && !settled()) co_await changed_.wait();
  if (begun()) co_return partial_->file()->layout().layer_size();
  if (*outcome_) co_return (*outcome_)->size();
  co_return tl::unexpected(outcome_->error());
}

std::optional<Result<store::VerifiedSpan>> Download::look(std::uint64_t from) const {
  if (outcome_ && *outcome_) return (*outcome_)->readable(from);
  if (partial_ && !partial_->file()->is_lost()) {
    store::VerifiedSpan span = partial_->readable(from);
    const bool tail_released = verdict_ && *verdict_;
    const bool at_end = tail_released && from == partial_->file()->layout().layer_size().value;
    if (span.length() > 0 || at_end) return span;
  }
  if (outcome_) return tl::unexpected(outcome_->error());
  return std::nullopt;
}

Task<Result<store::VerifiedSpan>> Download::readable(std::uint64_t from) {
  const auto self = shared_from_this();
  auto found = look(from);
  while (!found) {
    co_await changed_.wait();
    found = look(from);
  }
  co_return std::move(*found);
}

Task<Result<store::VerifiedSpan>> Download::readable_within(std::uint64_t from, Milliseconds limit) {
  const auto self = shared_from_this();
  const auto end = std::chrono::steady_clock::now() + limit;
  auto found = look(from);
  while (!found) {
    const auto left = std::chrono::duration_cast<Milliseconds>(end - std::chrono::steady_clock::now());
    if (left <= Milliseconds::zero()) co_return fail(ErrorKind::unavailable, "nothing has arrived yet");
    co_await changed_.wait_for(left);
    found = look(from);
  }
  co_return std::move(*found);
}

}  // namespace shoal::agent::pull
