// Callers of one layer who show the origin different credentials, or name different repositories.
#include "agent/pull/pulls.hpp"

namespace shoal::agent::pull {
namespace {

// Whether the origin may answer another caller otherwise.
bool depends_on_caller(const Error& error) {
  return error.answered || error.kind == ErrorKind::refused || error.kind == ErrorKind::not_found;
}

}  // namespace

// A layer that is being pulled for a caller with another credential, or from another repository: its bytes are the same,
// but what the origin refuses that caller it may give this one, which asks anew then.
Task<Result<Layer>> Pulls::open_of_others(access::Granted granted, Ask ask) {
  constexpr int most_others = 8;  // that fail before this caller's turn comes
  for (int others = 0; others < most_others; ++others) {
    const auto running = running_.find(ask.digest);
    const bool is_of_another = running != running_.end() && !running->second->ask().asks_as(ask);
    if (!is_of_another) {
      auto own = co_await open(std::move(granted), std::move(ask));
      co_return own;
    }
    const SharedDownload download = running->second;
    co_await wait_for_first_piece(download, parts_.clock, limits_.other_caller);
    const auto failure = co_await failure_of(download);
    if (failure && depends_on_caller(*failure)) continue;
    if (failure) co_return tl::unexpected(*failure);
    const Result<ByteCount> size = co_await download->size();
    if (size) co_return Layer(download, *size);
    if (!depends_on_caller(size.error())) co_return tl::unexpected(size.error());
  }
  co_return fail(ErrorKind::unavailable, "too many callers are refused the layer now");
}

}  // namespace shoal::agent::pull
