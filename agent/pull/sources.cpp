#include "agent/pull/sources.hpp"

#include "agent/pull/failures.hpp"
#include "agent/pull/space.hpp"
#include "shared/log/log.hpp"

namespace shoal::agent::pull {
namespace {

// To a question of the cluster's: what it says is no failure.
bool is_answer_of_origin(const Error& error) {
  return error.answered && (error.kind == ErrorKind::refused || error.kind == ErrorKind::not_found);
}

PieceIndex pieces_of(const Download& download) {
  return download.begun() ? download.arrival().written().held() : 0;
}

}  // namespace

// ---- whose turn it is

Task<Result<void>> Sources::fill(SharedDownload download) {
  const auto turns = std::make_shared<Turns>();
  for (;;) {
    if (turns->is_filled) co_return Result<void>();
    if (turns->ended) co_return tl::unexpected(*turns->ended);
    const PieceIndex held = pieces_of(*download);
    if (std::exchange(turns->held, held) != held) turns->moved_at = parts_.clock.now();
    if (begin_turns(download, turns)) continue;
    if (!download->askers().any_asking()) {
      Error none{ErrorKind::unavailable, "no caller waits for the layer"};
      co_return tl::unexpected(turns->last.value_or(std::move(none)));
    }
    const auto left = until_beside(*download, *turns);
    if (left) {
      co_await download->changed().wait_for(parts_.clock, *left);
    } else {
      co_await download->changed().wait();
    }
  }
}

// The next one's, when no other is asked; else that of one who has waited long enough. False when there is none.
bool Sources::begin_turns(const SharedDownload& download, const SharedTurns& turns) {
  Askers& askers = download->askers();
  const bool is_beside = askers.any_asking();
  SharedAsker next;
  if (!is_beside) {
    next = askers.next();
    if (next) askers.let_fill(next);
  } else if (const auto left = until_beside(*download, *turns); left && *left <= Milliseconds::zero()) {
    next = askers.next_beside();
    next->goes_on = turns->held > 0;
    log::info("pull", "another registry asked, the first is slow",
              {{"digest", next->ask.digest.text()}, {"image", next->ask.image()}, {"slow", askers.filler()->ask.image()}});
  }
  if (!next) return false;
  next->is_asking = true;
  ++next->turns;
  spawn(parts_.loop, take_turn(download, next, turns, is_beside));
  return true;
}

// How long until the next one need not wait any more for a byte of other registries. Once one sends bytes to this node
// directly it gives none of them to others' callers, who may leave it (admission.hpp). A window waits for its readers.
std::optional<Milliseconds> Sources::until_beside(const Download& download, const Turns& turns) const {
  const SharedAsker next = download.askers().next_beside();
  const bool has_begun = turns.held > 0;
  if (!next) return std::nullopt;
  const bool is_foreign = download.askers().provenance().is_direct_of_another(next->ask.repository.upstream);
  if (has_begun && (is_foreign || download.passage())) return std::nullopt;
  const Time since = has_begun ? std::max(next->since, turns.moved_at) : next->since;
  return std::chrono::ceil<Milliseconds>(since + limits_.silence - parts_.clock.now());
}

Task<void> Sources::take_turn(SharedDownload download, SharedAsker asker, SharedTurns turns, bool is_beside) {
  Result<void> filled;
  if (is_beside) {
    // The tracker waits for the slow registry, and its answer to a second join could be taken for that to the first.
    filled = co_await origin_.fill(download, asker);
  } else {
    filled = co_await fill_for(download, asker);
  }
  asker->is_asking = false;
  if (filled) {
    turns->is_filled = true;
  } else {
    note_failure(*download, *asker, *turns, filled.error());
  }
  download->changed().notify();
}

// What concerns the layer itself counts from the one who fills it. Another one's turn may come again.
void Sources::note_failure(Download& download, Asker& asker, Turns& turns, const Error& error) {
  Askers& askers = download.askers();
  const bool is_of_layer = error.kind == ErrorKind::corrupt || error.kind == ErrorKind::no_space;
  if (is_of_layer) {
    if (askers.fills(asker)) turns.ended = error;
    return;
  }
  const bool was_overtaken = !askers.fills(asker) && !depends_on_caller(error);
  if (was_overtaken) return;
  turns.last = error;
  askers.note_failure(asker, error);
  const bool go_others_on = askers.is_over() || askers.any_asking() || askers.next();
  if (go_others_on && !wants_parts(download)) tell_failure(asker.ask, error, false, parts_.metrics);
}

// ---- the sources of one asker

// From the cluster, else from the origin, from the first missing byte.
Task<Result<void>> Sources::fill_for(SharedDownload download, SharedAsker asker) {
  Result<void> filled;
  if (wants_parts(*download)) {
    filled = co_await cluster_.fill(download, asker);
    // A reader of the whole may have come meanwhile: then the pull goes on.
    if (filled || wants_parts(*download)) co_return filled;
  }
  // What an earlier pull left has the size that a source named then. A manifest's may be a lie.
  const Ask& ask = asker->ask;
  const bool is_left = ask.size_hint && parts_.store.partial_size(ask.digest) == ask.size_hint;
  if (is_left && !download->begun() && parts_.store.has_room(ask.digest, *ask.size_hint)) {
    const Result<void> space = reserve_space(parts_, *download, *ask.size_hint);
    if (!space) co_return space;
  }
  if (parts_.trackers.configured()) {
    const bool has_tracker = parts_.trackers.any_up();
    filled = co_await cluster_.fill(download, asker);
    if (!filled) filled = co_await fall_back(download, asker, filled.error(), has_tracker);
  } else {
    filled = co_await origin_.fill(download, asker);
  }
  co_return filled;
}

// The origin, once the cluster has failed, unless it would fail alike.
Task<Result<void>> Sources::fall_back(SharedDownload download, SharedAsker asker, Error cause, bool had_tracker) {
  if (cause.kind == ErrorKind::corrupt || cause.kind == ErrorKind::no_space) co_return tl::unexpected(cause);
  if (!download->askers().fills(*asker)) co_return tl::unexpected(overtaken());
  const Ask& ask = asker->ask;
  // The origin asked the tracker to retry later. It counts callers with an authorization of their own apart.
  if (cause.retry_after > Milliseconds(0) && ask.authorization.empty()) {
    log::warning("pull", "origin not asked before its retry time",
                 {{"digest", ask.digest.text()},
                  {"image", ask.image()},
                  {"cause", cause.what},
                  {"next", "raise the registry's limit, or configure a credential"}});
    co_return tl::unexpected(cause);
  }
  if (is_answer_of_origin(cause)) {
    log::info("pull", "asking the origin for the caller",
              {{"digest", ask.digest.text()}, {"image", ask.image()}, {"cause", cause.what}});
  } else {
    log::warning("pull", "falling back to the origin",
                 {{"digest", ask.digest.text()},
                  {"image", ask.image()},
                  {"cause", cause.what},
                  {"next", "look at the tracker's log, its link and its port 7082"}});
  }
  parts_.metrics.origin_fallbacks.add();
  if (cause.kind == ErrorKind::unavailable) {
    // Without a tracker, or told by it that it cannot reach the registry: the agents come at times of their own.
    const bool is_told_at_once = !had_tracker || cause.fault == Fault::of_tracker;
    const Milliseconds spread = is_told_at_once ? limits_.unreachable_spread : limits_.origin_spread;
    co_await parts_.clock.sleep(Milliseconds(random_() % static_cast<unsigned>(spread.count() + 1)));
  }
  Result<void> filled = co_await origin_.fill(download, asker);
  // An origin that does not answer this node has answered the tracker, which asked as an anonymous caller does.
  const bool has_no_answer = !filled && filled.error().kind == ErrorKind::unavailable && !filled.error().answered;
  if (has_no_answer && is_answer_of_origin(cause) && ask.authorization.empty()) co_return tl::unexpected(cause);
  co_return filled;
}

}  // namespace shoal::agent::pull
