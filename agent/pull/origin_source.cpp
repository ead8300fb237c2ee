#include "agent/pull/origin_source.hpp"

#include "agent/pull/space.hpp"
#include "shared/store/filling.hpp"

namespace shoal::agent::pull {
namespace {

origin::LayerQuestion question_of(const Ask& ask) {
  return {ask.repository, ask.kind, ask.digest, ask.authorization, ask.size_hint};
}

// The origin, for one layer.
class Registry final : public origin::RangeSource {
 public:
  Registry(const Parts& parts, const Download& download) : parts_(parts), download_(download) {}
  Task<Result<std::unique_ptr<origin::LayerStream>>> open(std::uint64_t from) override {
    auto question = question_of(download_.ask());
    if (download_.begun()) question.size = download_.layout().layer_size();
    return parts_.origin.open(std::move(question), from);
  }
  Task<void> received(ByteCount all, ByteCount /*fresh*/) override {
    parts_.metrics.bytes.origin.add(all.value);
    co_return;
  }

 private:
  const Parts& parts_;
  const Download& download_;
};

// No swarm verifies the pieces of the origin.
Result<void> leave_generations(const Download& download) {
  return download.arrival().reserved().leave_generations().map_error(storage_error);
}

}  // namespace

OriginSource::OriginSource(Parts parts, OriginLimits limits)
    : parts_(parts), limits_(limits), slots_(limits.fetches), ended_(parts.loop) {}

Task<Result<void>> OriginSource::fill(SharedDownload download) {
  const Time due = parts_.clock.now() + limits_.turn;
  while (running_ >= limits_.fetches) {
    const auto left = std::chrono::duration_cast<Milliseconds>(due - parts_.clock.now());
    if (left <= Milliseconds::zero() && !download->begun())
      co_return fail(ErrorKind::unavailable, "too many layers come from the origin now");
    co_await ended_.wait_for(parts_.clock, download->begun() ? limits_.turn : left);
  }
  ++running_;
  const Result<void> filled = co_await fetch(download);
  --running_;
  ended_.notify();
  co_return filled;
}

Task<Result<std::unique_ptr<PassThrough>>> OriginSource::pass_through(Ask ask, std::uint64_t from) {
  auto slot = slots_.take();
  if (!slot) {
    Error too_many{ErrorKind::unavailable, "too many layers are passed through at once", Milliseconds(1'000)};
    co_return tl::unexpected(std::move(too_many));
  }
  auto question = question_of(ask);
  auto stream = co_await parts_.origin.open(std::move(question), from);
  if (!stream) co_return tl::unexpected(stream.error());
  parts_.access.possession().note(ask.repository.upstream, ask.digest);
  co_return std::make_unique<PassThrough>(ask.digest, std::move(*stream), std::move(*slot), parts_.metrics);
}

Task<Result<void>> OriginSource::fetch(SharedDownload download) {
  const Ask& ask = download->ask();
  PieceIndex first = 0;
  if (download->begun()) {
    const Result<void> resumed = co_await download->resume(std::nullopt);
    if (!resumed) co_return tl::unexpected(storage_error(resumed.error()));
    const Result<void> left = leave_generations(*download);
    if (!left || download->filled()) co_return left;
    first = download->arrival().written().first_missing();
  }
  Registry registry(parts_, *download);
  origin::LayerName name{ask.digest, ask.image()};
  const std::uint64_t from = first == 0 ? 0 : download->layout().offset(first);
  origin::ResumingStream stream(registry, parts_.clock, std::move(name), limits_.resume, from);
  const Result<void> opened = co_await stream.open();
  if (!opened) co_return opened;
  parts_.access.possession().note(ask.repository.upstream, ask.digest);
  const Result<void> accepted = accept(*download, stream);
  if (!accepted) co_return accepted;
  const Result<void> copied = co_await copy(download, stream, first);
  co_return copied;
}

// Room for the layer, when nothing of it is there, and the same size as before otherwise.
Result<void> OriginSource::accept(Download& download, const origin::ResumingStream& stream) {
  if (!download.begun()) {
    const Result<void> space = reserve_space(parts_, download, stream.size());
    if (!space) return space;
    const Result<void> left = leave_generations(download);
    if (!left) return left;
  }
  if (stream.size() != download.layout().layer_size()) {
    const std::string digest = download.ask().digest.text();
    if (download.ask().size_hint)
      return fail(ErrorKind::refused, "the origin's size of " + digest + " is not the manifest's");
    download.learn_size(stream.size());
    return fail(ErrorKind::corrupt, "the tracker's size of " + digest + " is not the origin's");
  }
  if (download.content_type().empty()) download.set_content_type(stream.content_type());
  return {};
}

Task<Result<void>> OriginSource::write(SharedDownload download, SharedIntake intake, Bytes bytes) {
  auto take = [intake, some = std::move(bytes)] { return intake->take(some); };
  const auto written = co_await parts_.pool.run(std::move(take));
  if (!written) co_return tl::unexpected(storage_error(written.error()));
  for (const store::WrittenPiece& piece : *written) download->note(piece, &Received::from_origin);
  co_return Result<void>();
}

// Bytes from `from` on. Of a window no more at once than its readers want.
Task<Result<void>> OriginSource::write_wanted(SharedDownload download, SharedIntake intake, Bytes bytes,
                                              std::uint64_t from) {
  const PieceLayout& layout = download->layout();
  if (!download->passage()) {
    Result<void> written = co_await write(download, intake, std::move(bytes));
    co_return written;
  }
  const std::uint64_t end = from + bytes.size();
  for (std::uint64_t position = from; position < end;) {
    const Result<void> wanted = co_await download->passage()->wait_until_wanted(layout.piece_at(position));
    if (!wanted) co_return wanted;
    const std::uint64_t wanted_end = std::min(layout.offset(download->passage()->wanted_end()), end);
    const ByteView some = ByteView(bytes).subspan(position - from, wanted_end - position);
    const Result<void> written = co_await write(download, intake, copy_of(some));
    if (!written) co_return written;
    position = wanted_end;
  }
  co_return Result<void>();
}

// The pool is asked once for each piece, and not for each stretch of the body: hashing of other layers is in its queue.
Task<Result<void>> OriginSource::copy(SharedDownload download, origin::ResumingStream& stream, PieceIndex first) {
  const PieceLayout& layout = download->layout();
  const auto intake = std::make_shared<store::PieceIntake>(download->arrival().file(), first);
  Bytes gathered;
  for (;;) {
    const Result<ByteView> bytes = co_await stream.next();
    if (!bytes) co_return tl::unexpected(bytes.error());
    if (bytes->empty()) break;
    gathered.insert(gathered.end(), bytes->begin(), bytes->end());
    const PieceIndex next = intake->next();
    if (stream.position() < layout.offset(next) + layout.length(next)) continue;
    const std::uint64_t from = stream.position() - gathered.size();
    const Result<void> written = co_await write_wanted(download, intake, std::exchange(gathered, {}), from);
    if (!written) co_return written;
  }
  SHOAL_CHECK(download->filled());  // the pieces before `first` were there, and the stream has ended at the layer's end
  co_return Result<void>{};
}

}  // namespace shoal::agent::pull
