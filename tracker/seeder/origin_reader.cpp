#include "tracker/seeder/origin_reader.hpp"

#include <algorithm>

#include "shared/log/log.hpp"

namespace shoal::tracker::seeder {

Task<Result<void>> OriginReader::open() {
  Milliseconds backoff = first_backoff;
  const Time give_up = parts_.clock.now() + keep_asking;
  for (;;) {
    const auto opened = co_await open_from_position();
    if (opened || opened.error().kind != ErrorKind::unavailable) co_return opened;
    const Milliseconds pause = std::max(backoff, opened.error().retry_after);
    if (parts_.clock.now() + pause >= give_up) co_return opened;
    log::debug("seeder", "origin does not answer, asking again",
               {{"digest", request_.digest.text()}, {"image", request_.image()}, {"cause", opened.error().what}});
    co_await parts_.clock.sleep(pause);
    backoff = std::min(backoff * 3, longest_backoff);
  }
}

Task<Result<ByteView>> OriginReader::next() {
  if (position_ == size_.value) co_return ByteView();
  for (;;) {
    const bool broken = stream_ == nullptr;
    if (broken) {
      const auto again = co_await open();
      if (!again) co_return tl::unexpected(again.error());
    }
    const std::uint64_t before = position_;
    auto bytes = co_await next_of_body();
    if (bytes && position_ > before) co_return bytes;
    if (bytes) continue;  // only bytes that were seen before
    if (bytes.error().kind != ErrorKind::unavailable) co_return bytes;
    log::info("seeder", "origin body ended early, resuming",
              {{"digest", request_.digest.text()},
               {"image", request_.image()},
               {"from_byte", position_},
               {"cause", bytes.error().what}});
    stream_.reset();
    if (++empty_bodies_ > most_empty_bodies) co_return bytes;
    co_await parts_.clock.sleep(first_backoff);
  }
}

// One answer of the origin, from the first missing byte on.
Task<Result<void>> OriginReader::open_from_position() {
  auto stream = co_await parts_.source.open(request_.repository, request_.kind, request_.digest, position_);
  if (parts_.source.is_origin()) parts_.metrics.origin_requests.add();
  if (!stream) co_return tl::unexpected(stream.error());
  const auto fits = check(**stream);
  if (!fits) co_return fits;
  stream_ = std::move(*stream);
  size_ = stream_->size();
  // No digest covers an agent's content type. Without one, its readers take the type that the manifest itself names.
  content_type_ = parts_.source.is_origin() ? stream_->content_type() : std::string();
  skip_ = position_ - stream_->offset();
  opened_ = true;
  co_return Result<void>();
}

Result<void> OriginReader::check(const origin::LayerStream& stream) const {
  if (opened_ && stream.size() != size_) {
    // Another size from an agent does not make the earlier bytes wrong: the next source is asked.
    const ErrorKind kind = parts_.source.is_origin() ? ErrorKind::corrupt : ErrorKind::unavailable;
    return fail(kind, "the origin's layer changed its size");
  }
  if (stream.offset() > position_) return fail(ErrorKind::unavailable, "the origin answered with another range");
  return {};
}

Task<Result<ByteView>> OriginReader::next_of_body() {
  auto bytes = co_await stream_->next();
  if (!bytes) co_return tl::unexpected(bytes.error());
  if (bytes->empty()) co_return fail(ErrorKind::unavailable, "the origin's body is shorter than it said");
  const bool is_origin = parts_.source.is_origin();
  (is_origin ? parts_.metrics.origin_received_bytes : parts_.metrics.agents_received_bytes).add(bytes->size());
  const ByteView fresh = unseen(*bytes);
  if (fresh.size() > size_.value - position_) co_return fail(ErrorKind::corrupt, "the origin sent more than it said");
  position_ += fresh.size();
  if (!fresh.empty()) {
    empty_bodies_ = 0;
    parts_.source.mark_used();
  }
  if (is_origin) co_await parts_.pace.spend({bytes->size()});
  co_return fresh;
}

ByteView OriginReader::unseen(ByteView bytes) {
  const std::size_t seen = static_cast<std::size_t>(std::min<std::uint64_t>(skip_, bytes.size()));
  skip_ -= seen;
  return bytes.subspan(seen);
}

}  // namespace shoal::tracker::seeder
