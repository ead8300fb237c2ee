#include "agent/pull/pass_through.hpp"

namespace shoal::agent::pull {

Task<Result<ByteView>> PassThrough::next() {
  const Result<ByteView> bytes = co_await stream_->next();
  if (!bytes) co_return bytes;
  if (!bytes->empty()) {
    hasher_.update(*bytes);
    co_return bytes;
  }
  const Digest found = hasher_.finish();
  if (found == expected_) co_return ByteView();
  co_return fail(ErrorKind::corrupt, "the origin's bytes are " + found.text() + " and not " + expected_.text());
}

}  // namespace shoal::agent::pull
