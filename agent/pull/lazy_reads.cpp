#include "agent/pull/lazy_reads.hpp"

#include "shared/log/log.hpp"

namespace shoal::agent::pull {

Task<Result<ByteView>> PartStream::next() {
  const auto bytes = co_await stream_->next();
  if (bytes) metrics_.parts.bytes.add(bytes->size());
  co_return bytes;
}

LazyReads::Read* LazyReads::find(const Ask& ask) {
  const auto found = reads_.find(key_of(ask));
  return found == reads_.end() ? nullptr : &*found->second;
}

// In front from now on; the one that was read longest ago makes room for a new one.
LazyReads::Read& LazyReads::at(const Ask& ask) {
  const auto found = reads_.find(key_of(ask));
  if (found != reads_.end()) {
    by_use_.splice(by_use_.begin(), by_use_, found->second);
    return by_use_.front();
  }
  by_use_.push_front({.key = key_of(ask)});
  reads_[key_of(ask)] = by_use_.begin();
  if (reads_.size() > limits_.layers) {
    reads_.erase(by_use_.back().key);
    by_use_.pop_back();
  }
  return by_use_.front();
}

bool LazyReads::is_over(const Read& read, std::optional<ByteCount> size, std::uint64_t length) const {
  if (limits_.percent == 0) return true;
  return size && read.passed_bytes + length > size->value / 100 * limits_.percent;
}

LazyReads::Source LazyReads::choose(const Ask& ask, std::optional<ByteCount> size, std::uint64_t first,
                                    std::uint64_t length) {
  const bool is_long = length >= limits_.whole_reader.value;
  const bool is_new = find(ask) == nullptr;
  Read& read = at(ask);
  if (is_new && first == 0 && is_long) read.is_whole_reader = true;
  if (read.fetch_after && parts_.clock.now() < *read.fetch_after && !read.has_no_ranges) return Source::origin;
  const bool in_chunks = read.is_whole_reader && is_long;
  if (!in_chunks && !read.has_no_ranges && !is_over(read, size, length)) {
    if (is_new) log::info("pull", "layer read in parts", {{"digest", ask.digest.text()}, {"image", ask.image()}});
    return Source::origin;
  }
  if (!std::exchange(read.is_fetched, true)) {
    const char* cause = "a large share of it was read in parts";
    if (in_chunks) cause = "a client reads all of it in chunks";
    if (read.has_no_ranges) cause = "the origin ignores ranges";
    log::info("pull", "layer fetched for its parts",
              {{"digest", ask.digest.text()}, {"image", ask.image()}, {"cause", cause}});
  }
  return Source::layer;
}

Milliseconds LazyReads::patience(std::uint64_t length) const {
  return length >= limits_.whole_reader.value ? limits_.wait_for_chunk : limits_.wait_for_file;
}

Task<Result<std::unique_ptr<PartStream>>> LazyReads::open(Ask ask, origin::Stretch part) {
  if (at(ask).has_no_ranges) co_return fail(ErrorKind::unavailable, "the origin ignores ranges");
  auto slot = co_await slots_.take_within(limits_.turn, parts_.clock, ask.repository.upstream);
  if (!slot) co_return fail(ErrorKind::unavailable, "too many parts of layers come from the origin now");
  auto stream = co_await parts_.origin.open_part(ask.repository, ask.digest, part, ask.authorization);
  if (stream && !*stream) {
    at(ask).has_no_ranges = true;
    stream = fail(ErrorKind::unavailable, "the origin ignores ranges");
  }
  if (!stream) {
    tell_failure(ask, stream.error());
    co_return tl::unexpected(stream.error());
  }
  at(ask).passed_bytes += std::min(part.end, (*stream)->size().value) - part.first;
  co_return std::make_unique<PartStream>(std::move(*stream), std::move(*slot), parts_.metrics);
}

void LazyReads::tell_failure(const Ask& ask, const Error& error) {
  parts_.metrics.parts.failed.add();
  // What the origin does not have, or refuses, it does not give whole either: the pull path tells that.
  if (error.kind != ErrorKind::unavailable) return;
  log::warning("pull", "part not read from the origin, layer fetched",
               {{"digest", ask.digest.text()},
                {"image", ask.image()},
                {"cause", error.what},
                {"next", "look at the registry: does it answer a Range?"}});
}

bool LazyReads::looks_for_holders(const Ask& ask) {
  Read& read = at(ask);
  const Time now = parts_.clock.now();
  if (read.looked_at && now - *read.looked_at < limits_.look_again) return false;
  read.looked_at = now;
  return true;
}

Milliseconds LazyReads::patience_with_holders(const Ask& ask, PieceIndex held) {
  const Read* read = find(ask);
  return read != nullptr && read->missed_at == held ? Milliseconds::zero() : limits_.wait_for_holder;
}

void LazyReads::note_holders_missed(const Ask& ask, PieceIndex held) {
  if (Read* read = find(ask)) read->missed_at = held;
}

void LazyReads::note_read(const Ask& ask, std::uint64_t length) {
  if (Read* read = find(ask)) read->passed_bytes += length;
}

void LazyReads::note_failed_fetch(const Ask& ask) {
  if (Read* read = find(ask)) read->fetch_after = parts_.clock.now() + limits_.fetch_again;
}

}  // namespace shoal::agent::pull
