#include "agent/pull/origin_source.hpp"

#include "agent/pull/room.hpp"
#include "shared/log/log.hpp"

namespace shoal::agent::pull {
namespace {

std::uint64_t received_from_origin(const Download& download) {
  return download.begun() ? download.arrival().received().from_origin : 0;
}

// Gathers a stream's bytes into pieces.
class Cutter {
 public:
  Cutter(const PieceLayout& layout, std::uint64_t offset) : layout_(layout), position_(offset) {}

  // Takes bytes from the front of `bytes`; the piece that they completed, if they did.
  std::optional<PieceIndex> take(ByteView& bytes) {
    const PieceIndex piece = layout_.piece_at(position_);
    const std::uint64_t piece_end = layout_.offset(piece) + layout_.length(piece);
    const std::size_t count = std::min<std::uint64_t>(bytes.size(), piece_end - position_);
    if (starts_at_piece() || !buffer_.empty()) buffer_.insert(buffer_.end(), bytes.begin(), bytes.begin() + count);
    bytes = bytes.subspan(count);
    position_ += count;
    if (position_ < piece_end || buffer_.size() != layout_.length(piece)) return std::nullopt;
    return piece;
  }
  Bytes piece_bytes() { return std::exchange(buffer_, {}); }

 private:
  bool starts_at_piece() const { return layout_.offset(layout_.piece_at(position_)) == position_; }
  PieceLayout layout_;
  std::uint64_t position_;
  Bytes buffer_;
};

}  // namespace

OriginSource::OriginSource(Parts parts, OriginLimits limits) : parts_(parts), limits_(limits), slots_(limits.fetches), ended_(parts.loop) {}

Task<Result<void>> OriginSource::fill(SharedDownload download) {
  const Time due = parts_.clock.now() + limits_.turn;
  while (running_ >= limits_.fetches) {
    const auto left = std::chrono::duration_cast<Milliseconds>(due - parts_.clock.now());
    if (left <= Milliseconds::zero() && !download->begun())
      co_return fail(ErrorKind::unavailable, "too many layers come from the origin now");
    co_await ended_.wait_for(parts_.clock, download->begun() ? limits_.turn : left);
  }
  ++running_;
  Result<void> filled;
  Milliseconds pause = limits_.pause;
  for (int attempt = 0; attempt < limits_.tries; ++attempt) {
    if (attempt > 0) co_await parts_.clock.sleep(pause);
    pause *= 2;
    const std::uint64_t before = received_from_origin(*download);
    filled = co_await try_once(download);
    const bool moved = received_from_origin(*download) > before;
    if (filled || filled.error().kind != ErrorKind::unavailable || !moved) break;
    log::warning("pull", "origin fetch interrupted",
                 {{"digest", download->ask().digest.text()},
                  {"image", download->ask().image()},
                  {"cause", filled.error().what}});
  }
  --running_;
  ended_.notify();
  co_return filled;
}

Task<Result<std::unique_ptr<PassThrough>>> OriginSource::pass_through(Ask ask) {
  auto slot = slots_.take();
  if (!slot) co_return fail(ErrorKind::unavailable, "too many layers are passed through at once");
  auto stream = co_await parts_.origin.open(ask.repository, ask.kind, ask.digest, 0, ask.authorization);
  if (!stream) co_return tl::unexpected(stream.error());
  co_return std::make_unique<PassThrough>(ask.digest, std::move(*stream), std::move(*slot));
}

Task<Result<void>> OriginSource::try_once(SharedDownload download) {
  const Ask& ask = download->ask();
  std::uint64_t from = 0;
  if (download->begun()) {
    const Result<void> resumed = co_await download->resume(std::nullopt);
    if (!resumed) co_return tl::unexpected(storage_error(resumed.error()));
    const Result<void> ours = download->arrival().reserved().leave_generations();
    if (!ours) co_return tl::unexpected(storage_error(ours.error()));
    if (download->filled()) co_return Result<void>{};
    from = download->layout().offset(download->arrival().written().first_missing());
  }
  auto opened = co_await parts_.origin.open(ask.repository, ask.kind, ask.digest, from, ask.authorization);
  if (!opened) co_return tl::unexpected(opened.error());
  std::shared_ptr<origin::LayerStream> stream = std::move(*opened);
  if (!download->begun()) {
    const Result<void> room = make_room(parts_, *download, stream->size());
    if (!room) co_return room;
    const Result<void> ours = download->arrival().reserved().leave_generations();
    if (!ours) co_return tl::unexpected(storage_error(ours.error()));
  }
  if (stream->size() != download->layout().layer_size()) {
    if (ask.size_hint) {
      co_return fail(ErrorKind::refused, "the origin's size of " + ask.digest.text() + " is not the manifest's");
    }
    download->learn_size(stream->size());
    co_return fail(ErrorKind::corrupt, "the tracker's size of " + ask.digest.text() + " is not the origin's");
  }
  if (download->content_type().empty()) download->set_content_type(stream->content_type());
  const Result<void> copied = co_await copy(download, stream);
  co_return copied;
}

Task<Result<void>> OriginSource::copy(SharedDownload download, std::shared_ptr<origin::LayerStream> stream) {
  const auto file = download->arrival().file();
  Cutter cutter(file->layout(), stream->offset());
  for (;;) {
    const Result<ByteView> arrived = co_await stream->next();
    if (!arrived) co_return tl::unexpected(arrived.error());
    if (arrived->empty()) break;
    parts_.metrics.origin_bytes.add(arrived->size());
    for (ByteView bytes = *arrived; !bytes.empty();) {
      const std::optional<PieceIndex> piece = cutter.take(bytes);
      if (!piece) continue;
      auto whole = std::make_shared<Bytes>(cutter.piece_bytes());
      if (download->arrival().written().has(*piece)) continue;
      auto write = [file, whole, index = *piece]() -> Result<store::WrittenPiece> {
        PieceHashes hashes(file->layout());
        const auto taken = hashes.take_from_origin(index, *whole);
        if (!taken) return tl::unexpected(taken.error());
        return file->write(*taken);
      };
      const auto written = co_await parts_.pool.run(std::move(write));
      if (!written) co_return tl::unexpected(storage_error(written.error()));
      download->note(*written, &Received::from_origin);
    }
  }
  if (!download->filled()) co_return fail(ErrorKind::unavailable, "the origin's body ended early");
  co_return Result<void>{};
}

}  // namespace shoal::agent::pull
