#include "shared/origin/resuming_stream.hpp"

#include <algorithm>

#include "shared/log/log.hpp"
#include "shared/origin/faults.hpp"

namespace shoal::origin {

ResumingStream::ResumingStream(RangeSource& source, Clock& clock, LayerName name, ResumeLimits limits,
                               std::uint64_t from)
    : source_(source), clock_(clock), name_(std::move(name)), limits_(limits), position_(from) {}

Task<Result<void>> ResumingStream::open() {
  const Time give_up = clock_.now() + limits_.open_time;
  for (int failures = 1;; ++failures) {
    const Result<void> opened = co_await open_once();
    if (opened || opened.error().kind != ErrorKind::unavailable) co_return opened;
    // A host that has sent bytes of this layer a moment ago may be starting again: it is waited for.
    const bool fails_alike = !answer_ && lasts(opened.error());
    if (fails_alike) co_return opened;
    const Milliseconds pause = std::max(limits_.open_backoff.after(failures), opened.error().retry_after);
    if (clock_.now() + pause >= give_up) co_return opened;
    log::debug("origin", "origin does not answer, asking again",
               {{"digest", name_.digest.text()}, {"image", name_.image}, {"cause", opened.error().what}});
    co_await clock_.sleep(pause);
  }
}

Task<Result<ByteView>> ResumingStream::next() {
  while (position_ < answer_->size.value) {
    if (!body_) {
      const Result<void> again = co_await open();
      if (!again) co_return tl::unexpected(again.error());
    }
    const Result<ByteView> bytes = co_await next_of_body();
    if (bytes && bytes->empty()) continue;  // only bytes that were seen before
    if (bytes || bytes.error().kind != ErrorKind::unavailable) co_return bytes;
    const bool may = may_resume();
    body_.reset();
    if (!may) co_return bytes;
    log::warning("origin", "layer body ended early, resuming",
                 {{"digest", name_.digest.text()},
                  {"image", name_.image},
                  {"from_byte", position_},
                  {"cause", bytes.error().what},
                  {"next", "if it happens often, look at the registry and the link to it"}});
    co_await clock_.sleep(limits_.body_backoff.after(broken_.in_all));
  }
  co_return ByteView();
}

// One answer, from the first missing byte on.
Task<Result<void>> ResumingStream::open_once() {
  auto stream = co_await source_.open(position_);
  if (!stream) co_return tl::unexpected(stream.error());
  const Result<void> fits = check(**stream);
  if (!fits) co_return fits;
  answer_ = Answer{(*stream)->size(), (*stream)->content_type()};
  const std::uint64_t skip = position_ - (*stream)->offset();
  body_ = Body{std::move(*stream), skip};
  co_return Result<void>();
}

Result<void> ResumingStream::check(const LayerStream& stream) const {
  if (answer_ && stream.size() != answer_->size) return fail(ErrorKind::corrupt, "the origin's layer changed its size");
  if (stream.offset() > position_) return fail(ErrorKind::unavailable, "the origin answered with another range");
  return {};
}

Task<Result<ByteView>> ResumingStream::next_of_body() {
  const Result<ByteView> bytes = co_await body_->stream->next();
  if (!bytes) co_return bytes;
  if (bytes->empty()) co_return fail(ErrorKind::unavailable, "the origin's body is shorter than it said");
  const ByteView fresh = unseen(*bytes);
  if (fresh.size() > answer_->size.value - position_)
    co_return fail(ErrorKind::corrupt, "the origin sent more than it said");
  position_ += fresh.size();
  if (!fresh.empty()) body_->gave_fresh = true;
  const ByteCount all{bytes->size()};
  const ByteCount new_ones{fresh.size()};
  co_await source_.received(all, new_ones);
  co_return fresh;
}

// Counts the body that broke off; false when it was the last one.
bool ResumingStream::may_resume() {
  ++broken_.in_all;
  broken_.empty_in_a_row = body_->gave_fresh ? 0 : broken_.empty_in_a_row + 1;
  return broken_.in_all < limits_.bodies && broken_.empty_in_a_row < limits_.empty_bodies;
}

ByteView ResumingStream::unseen(ByteView bytes) {
  const std::size_t seen = static_cast<std::size_t>(std::min<std::uint64_t>(body_->skip, bytes.size()));
  body_->skip -= seen;
  return bytes.subspan(seen);
}

}  // namespace shoal::origin
