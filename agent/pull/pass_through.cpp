#include "agent/pull/pass_through.hpp"

namespace shoal::agent::pull {

PassThrough::PassThrough(const Digest& digest, std::unique_ptr<origin::LayerStream> stream, Slots::Slot slot,
                         Metrics& metrics)
    : expected_(digest), stream_(std::move(stream)), slot_(std::move(slot)), metrics_(metrics) {
  if (stream_->offset() == 0) hasher_.emplace(digest.algorithm());
}

Task<Result<ByteView>> PassThrough::next() {
  const Result<ByteView> bytes = co_await stream_->next();
  if (!bytes) co_return bytes;
  if (!bytes->empty()) {
    metrics_.bytes.origin.add(bytes->size());
    if (hasher_) hasher_->update(*bytes);
    co_return bytes;
  }
  if (!hasher_) co_return ByteView();
  const Digest found = hasher_->finish();
  if (found == expected_) co_return ByteView();
  co_return fail(ErrorKind::corrupt, "the origin's bytes are " + found.text() + " and not " + expected_.text());
}

}  // namespace shoal::agent::pull
