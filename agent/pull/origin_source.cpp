#include "agent/pull/origin_source.hpp"

#include "agent/pull/possession.hpp"
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
  Registry(const Parts& parts, const Download& download, const Ask& ask) : parts_(parts), download_(download), ask_(ask) {}
  Task<Result<std::unique_ptr<origin::LayerStream>>> open(std::uint64_t from) override {
    auto question = question_of(ask_);
    const bool is_named = download_.begun() && download_.askers().names_size(ask_.repository.upstream);
    if (is_named) question.size = download_.layout().layer_size();
    return parts_.origin.open(std::move(question), from);
  }
  Task<void> received(ByteCount all, ByteCount /*fresh*/) override {
    parts_.metrics.bytes.origin.add(all.value);
    co_return;
  }

 private:
  const Parts& parts_;
  const Download& download_;
  const Ask& ask_;
};

// Its caller has a head, or may have one, and waits longer than one that has none.
bool has_size(const Download& download, const Asker& asker) {
  return download.begun() || asker.ask.size_hint;
}

// No swarm verifies the pieces of the origin.
Result<void> leave_generations(const Download& download) {
  return download.arrival().reserved().leave_generations().map_error(storage_error);
}

}  // namespace

OriginSource::OriginSource(Parts parts, Memberships& memberships, OriginLimits limits)
    : parts_(parts), memberships_(memberships), limits_(limits), passing_(limits.fetches), ended_(parts.loop) {}

Task<Result<void>> OriginSource::fill(SharedDownload download, SharedAsker asker) {
  const std::string upstream = asker->ask.repository.upstream;
  const Time due = parts_.clock.now() + limits_.turn;
  while (running_[upstream] >= limits_.fetches) {
    const auto left = std::chrono::duration_cast<Milliseconds>(due - parts_.clock.now());
    if (left <= Milliseconds::zero() && !has_size(*download, *asker))
      co_return fail(ErrorKind::unavailable, "too many layers come from the origin now");
    co_await ended_.wait_for(parts_.clock, has_size(*download, *asker) ? limits_.turn : left);
  }
  ++running_[upstream];
  const Result<void> filled = co_await fetch(download, asker);
  if (--running_[upstream] == 0) running_.erase(upstream);
  ended_.notify();
  co_return filled;
}

Task<Result<std::unique_ptr<PassThrough>>> OriginSource::pass_through(Ask ask, std::uint64_t from) {
  auto slot = passing_.take(ask.repository.upstream);
  if (!slot) {
    Error too_many{ErrorKind::unavailable, "too many layers are passed through at once", Milliseconds(1'000)};
    co_return tl::unexpected(std::move(too_many));
  }
  auto question = question_of(ask);
  auto stream = co_await parts_.origin.open(std::move(question), from);
  if (!stream) co_return tl::unexpected(stream.error());
  co_return std::make_unique<PassThrough>(ask.digest, std::move(*stream), std::move(*slot), parts_.metrics);
}

Task<Result<void>> OriginSource::fetch(SharedDownload download, SharedAsker asker) {
  const Ask& ask = asker->ask;
  PieceIndex first = 0;
  if (download->begun() && download->askers().fills(*asker)) {
    const Result<void> resumed = co_await download->resume(std::nullopt);
    if (!resumed) co_return tl::unexpected(storage_error(resumed.error()));
    const Result<void> left = leave_generations(*download);
    if (!left || download->filled()) co_return left;
    first = download->arrival().written().first_missing();
  }
  if (download->begun() && asker->goes_on) first = download->arrival().written().first_missing();
  if (download->begun() && download->filled()) co_return Result<void>{};
  Registry registry(parts_, *download, ask);
  origin::LayerName name{ask.digest, ask.image()};
  const std::uint64_t from = first == 0 ? 0 : download->layout().offset(first);
  origin::ResumingStream stream(registry, parts_.clock, std::move(name), limits_.resume, from);
  const Result<void> opened = co_await stream.open();
  if (!opened) co_return opened;
  const Result<void> accepted = accept(*download, asker, stream);
  if (!accepted) co_return accepted;
  const Result<void> copied = co_await copy(download, std::move(asker), stream, first);
  co_return copied;
}

// Its registry sends the layer. It takes the place of one that is slower: before any piece is there, or goes on from those
// of a cluster that has stopped.
Result<void> OriginSource::take_over(Download& download, const SharedAsker& asker) {
  Askers& askers = download.askers();
  if (askers.fills(*asker)) return {};
  const bool has_pieces = download.begun() && download.arrival().written().held() > 0;
  const bool may_go_on = asker->goes_on && !askers.provenance().is_direct_of_another(asker->ask.repository.upstream);
  const bool is_late = askers.is_over() || (has_pieces && !may_go_on);
  if (is_late) return tl::unexpected(overtaken());
  askers.let_fill(asker);
  memberships_.leave(download.ask().digest);
  return {};
}

// Room for the layer, when nothing of it is there, and the same size as before otherwise.
Result<void> OriginSource::accept(Download& download, const SharedAsker& asker, const origin::ResumingStream& stream) {
  const Result<void> named = agree_on_size(asker->ask, stream.size());
  if (!named) return named;
  if (asker->goes_on && download.begun() && stream.size() != download.layout().layer_size())
    return fail(ErrorKind::unavailable, "the layer that is arriving has another size");
  const Result<void> taken = take_over(download, asker);
  if (!taken) return taken;
  Askers& askers = download.askers();
  const std::string& upstream = asker->ask.repository.upstream;
  if (!download.begun()) {
    const Result<void> space = reserve_space(parts_, download, stream.size());
    if (!space) return space;
    const Result<void> left = leave_generations(download);
    if (!left) return left;
  } else if (asker->goes_on) {
    const Result<void> left = leave_generations(download);
    if (!left) return left;
  }
  if (stream.size() != download.layout().layer_size()) {
    asker->ask.size_hint = stream.size();  // for the next attempt
    return fail(ErrorKind::corrupt, "the size of " + asker->ask.digest.text() + " is another at " + upstream);
  }
  askers.note_size_of(upstream);
  note_direct_source(download, upstream);
  askers.note_answer();
  download.changed().notify();
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
Task<Result<void>> OriginSource::copy(SharedDownload download, SharedAsker asker, origin::ResumingStream& stream,
                                      PieceIndex first) {
  const PieceLayout& layout = download->layout();
  const auto intake = std::make_shared<store::PieceIntake>(download->arrival().file(), first);
  Bytes gathered;
  for (;;) {
    const Result<ByteView> bytes = co_await stream.next();
    if (!bytes) co_return tl::unexpected(bytes.error());
    if (!download->askers().fills(*asker)) co_return tl::unexpected(overtaken());
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
