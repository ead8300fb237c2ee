#include "agent/pull/pulls.hpp"

#include "agent/pull/space.hpp"
#include "shared/core/check.hpp"
#include "shared/log/log.hpp"

namespace shoal::agent::pull {
namespace {

Download::Parts download_parts(const Parts& parts) {
  return {parts.loop, parts.clock, parts.pool};
}

// To its readers, or as much of it as they wanted: no failure.
void tell_passed(const Download& download, Milliseconds took) {
  const Received& received = download.arrival().received();
  log::debug("pull", "layer passed through",
            {{"digest", download.ask().digest.text()},
             {"image", download.ask().image()},
             {"size_bytes", download.layout().layer_size().value},
             {"milliseconds", took.count()},
             {"from_peers_bytes", received.from_peers},
             {"from_seeder_bytes", received.from_seeder},
             {"from_origin_bytes", received.from_origin}});
}

// What the reader of a pull's failure does.
std::string_view next_step(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::not_found:
      return "look at the image's name";
    case ErrorKind::refused:
      return "look at the credential and the certificate of the registry, and at the cause";
    case ErrorKind::corrupt:
      return "repair the registry, or a proxy before it";
    case ErrorKind::no_space:
      return "free space on the store's file system, or raise [store] capacity";
    case ErrorKind::unavailable:
      return "look at the registry and the tracker";
  }
  return "look at the registry and the tracker";
}

void tell_failure(const Ask& ask, const Error& error, bool again, Metrics& metrics) {
  const std::initializer_list<log::Field> fields = {{"digest", ask.digest.text()},
                                                    {"image", ask.image()},
                                                    {"kind", text(error.kind)},
                                                    {"cause", error.what},
                                                    {"next", next_step(error.kind)}};
  if (again) {
    log::warning("pull", "layer corrupt, pulled again", fields);
  } else if (error.kind == ErrorKind::no_space) {  // its readers get it passed through
    metrics.uncached_layers.add();
    log::warning("pull", "layer not cached", fields);
  } else if (error.kind == ErrorKind::refused && error.answered) {  // a runtime asks without a credential first
    metrics.outcomes.refused_layers.add();
    log::info("pull", "layer refused to the caller", fields);
  } else if (error.kind == ErrorKind::not_found) {  // the caller's mistake, or its question
    metrics.outcomes.unknown_layers.add();
    log::info("pull", "layer not found", fields);
  } else {
    metrics.pulls_failed.add();
    log::error("pull", "layer not pulled", fields);
  }
}

// To a question of the cluster's: what it says is no failure.
bool is_answer_of_origin(const Error& error) {
  return error.answered && (error.kind == ErrorKind::refused || error.kind == ErrorKind::not_found);
}

}  // namespace

Pulls::Pulls(Parts parts, Limits limits)
    : parts_(parts),
      limits_(limits),
      memberships_(parts, limits.memberships),
      cluster_(parts, memberships_, limits.cluster),
      origin_(parts, limits.origin) {
  parts.store.ask_before_evicting([this](const Digest& digest) { return memberships_.may_evict(digest); },
                                  [this](const Digest& digest) { memberships_.withdraw(digest); });
}

// ---- the pull path: request -> held? -> arriving -> verified -> held

Task<Result<Layer>> Pulls::open(access::Granted granted, Ask ask) {
  SHOAL_CHECK(granted.digest() == ask.digest);
  const auto in_memory = in_memory_.find(ask.digest);
  if (in_memory != in_memory_.end() && stores_layers() && parts_.store.has_room(ask.digest, in_memory->second.layer.size()))
    in_memory_.erase(in_memory);  // there is room now: it is pulled into the store
  if (auto held = take_held(ask.digest)) {
    parts_.metrics.hits.add();
    co_return std::move(*held);
  }
  const auto running = running_.find(ask.digest);
  if (running != running_.end()) want_whole(*running->second);
  if (running != running_.end() && !running->second->ask().asks_as(ask)) {
    auto layer = co_await open_of_others(std::move(granted), std::move(ask));
    co_return layer;
  }
  if (running == running_.end() && running_.size() >= limits_.downloads) {
    co_return fail(ErrorKind::unavailable, "too many layers are being pulled at once");
  }
  const SharedDownload download = running == running_.end() ? start(std::move(ask), {}) : running->second;
  const Result<ByteCount> size = co_await download->size();
  if (!size) co_return tl::unexpected(size.error());
  co_return Layer(download, *size);
}

void Pulls::fetch(const access::Granted& granted, Ask ask) {
  SHOAL_CHECK(granted.digest() == ask.digest);
  const auto running = running_.find(ask.digest);
  if (running != running_.end()) want_whole(*running->second);
  if (running != running_.end() || running_.size() >= limits_.downloads || parts_.store.holds(ask.digest)) return;
  start(std::move(ask), {});
}

Task<Result<std::unique_ptr<PassThrough>>> Pulls::pass_through(access::Granted granted, Ask ask, std::uint64_t from) {
  SHOAL_CHECK(granted.digest() == ask.digest);
  log::debug("pull", "reading the origin for one client",
             {{"digest", ask.digest.text()}, {"image", ask.image()}, {"from_byte", from}});
  auto stream = co_await origin_.pass_through(std::move(ask), from);
  co_return stream;
}

bool Pulls::leave_passed(const Digest& digest, std::uint64_t from) {
  const auto running = running_.find(digest);
  if (running == running_.end() || !running->second->filled() || memberships_.contains(digest)) return false;
  const bool is_near = running->second->passage() && from <= running->second->arrival().file()->window().value;
  if (is_near) running_.erase(running);
  return is_near;
}

SharedDownload Pulls::start(Ask ask, Download::Attempt attempt) {
  attempt.is_cached = stores_layers();
  const auto download = std::make_shared<Download>(download_parts(parts_), std::move(ask), attempt);
  running_[download->ask().digest] = download;
  parts_.metrics.pulls.add();
  spawn(parts_.loop, pull(download));
  return download;
}

bool Pulls::stores_layers() const {
  return !disk_failed_at_ || parts_.clock.now() - *disk_failed_at_ >= limits_.no_cache_after_disk_error;
}

Task<void> Pulls::pull(SharedDownload download) {
  const Time started = parts_.clock.now();
  const Result<void> filled = co_await fill(download);
  Result<store::HeldLayer> held = tl::unexpected(Error{});
  if (filled && download->passage()) {
    held = co_await pass(download);
  } else if (filled) {
    held = co_await verify_and_store(download);
  } else {
    held = tl::unexpected(filled.error());
  }
  end(download, std::move(held), started);
}

// Every piece is in the file: from the cluster, else from the origin, from the first missing byte.
Task<Result<void>> Pulls::fill(SharedDownload download) {
  Result<void> filled;
  if (wants_parts(*download)) {
    filled = co_await cluster_.fill(download);
    // A reader of the whole may have come meanwhile: then the pull goes on.
    if (filled || wants_parts(*download)) co_return filled;
  }
  const Ask& ask = download->ask();
  // A manifest may lie about a size: it evicts nothing before the tracker or the origin has named the same.
  if (ask.size_hint && !download->begun() && parts_.store.has_room(ask.digest, *ask.size_hint)) {
    const Result<void> space = reserve_space(parts_, *download, *ask.size_hint);
    if (!space) co_return space;
  }
  if (parts_.trackers.configured()) {
    const bool has_tracker = parts_.trackers.any_up();
    filled = co_await cluster_.fill(download);
    if (!filled) filled = co_await fall_back(download, filled.error(), has_tracker);
  } else {
    filled = co_await origin_.fill(download);
  }
  co_return filled;
}

// The origin, once the cluster has failed, unless it would fail alike.
Task<Result<void>> Pulls::fall_back(SharedDownload download, Error cause, bool had_tracker) {
  if (cause.kind == ErrorKind::corrupt || cause.kind == ErrorKind::no_space) co_return tl::unexpected(cause);
  const Ask& ask = download->ask();
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
  Result<void> filled = co_await origin_.fill(download);
  // An origin that does not answer this node has answered the tracker, which asked as an anonymous caller does.
  const bool has_no_answer = !filled && filled.error().kind == ErrorKind::unavailable && !filled.error().answered;
  if (has_no_answer && is_answer_of_origin(cause) && ask.authorization.empty()) co_return tl::unexpected(cause);
  co_return filled;
}

// The digest is the last check; then the layer is stored.
Task<Result<store::HeldLayer>> Pulls::verify_and_store(SharedDownload download) {
  Result<store::VerifiedLayer> verified = co_await download->verified();
  if (!verified) co_return tl::unexpected(verified.error());
  Result<store::HeldLayer> held = co_await commit(download, std::move(*verified));
  co_return held;
}

// The layer has arrived, and passes to its readers from the window: no node is to ask here for it.
Task<Result<store::HeldLayer>> Pulls::pass(SharedDownload download) {
  const Result<store::VerifiedLayer> verified = co_await download->verified();
  if (!verified) co_return tl::unexpected(verified.error());
  memberships_.withdraw(download->ask().digest);
  co_await download->passage()->wait_for_readers();
  co_return fail(ErrorKind::no_space, "the layer was passed through");
}

// Durable under its name, and known to the cluster.
Task<Result<store::HeldLayer>> Pulls::commit(SharedDownload download, store::VerifiedLayer proof) {
  const PieceLayout& layout = proof.file()->layout();
  store::SideFile side{.digest = proof.digest(),
                       .size_bytes = layout.layer_size().value,
                       .piece_length_bytes = static_cast<std::uint32_t>(layout.piece_length().value),
                       .generation = 0,
                       .hashes = download->arrival().partial().hashes(),
                       .signature = {},
                       .swarm = {},
                       .content_type = download->content_type()};
  memberships_.describe(proof.digest(), side);
  auto commit = [reserved = download->arrival().reserved(), proof, side = std::move(side)] {
    return store::Store::commit(reserved, proof, side);
  };
  auto committed = co_await parts_.commits.run(std::move(commit));
  if (!committed) co_return tl::unexpected(storage_error(committed.error()));
  store::HeldLayer held = parts_.store.adopt(std::move(*committed));
  parts_.metrics.bytes.resumed.add(download->arrival().received().from_partial);
  if (parts_.store.holds(held.digest())) {
    memberships_.announce(held.digest());
  } else {
    memberships_.withdraw(held.digest());  // it is only in memory, for this node's readers
    if (limits_.linger > Milliseconds::zero()) spawn(parts_.loop, keep_in_memory(held));
  }
  co_return held;
}

Task<void> Pulls::keep_in_memory(store::HeldLayer layer) {
  const Digest digest = layer.digest();
  const Time now = parts_.clock.now();
  if (!in_memory_.emplace(digest, InMemory{std::move(layer), now, now}).second) co_return;
  for (auto kept = in_memory_.find(digest); kept != in_memory_.end(); kept = in_memory_.find(digest)) {
    const Time due = std::min(kept->second.used_at + limits_.linger, kept->second.since + limits_.longest_linger);
    const auto left = due - parts_.clock.now();
    if (left <= Time::duration::zero()) {
      in_memory_.erase(kept);
    } else {
      co_await parts_.clock.sleep(std::chrono::ceil<Milliseconds>(left));
    }
  }
}

void Pulls::end(SharedDownload download, Result<store::HeldLayer> outcome, Time started) {
  const Ask& ask = download->ask();
  const auto took = std::chrono::duration_cast<Milliseconds>(parts_.clock.now() - started);
  const auto running = running_.find(ask.digest);
  const bool is_current = running != running_.end() && running->second == download;  // it passes anew otherwise
  if (is_current) running_.erase(running);
  if (outcome) {
    const Received& received = download->arrival().received();
    parts_.metrics.outcomes.pull_time.observe(outcome->size().value, took);
    log::debug("pull", "layer held",
               {{"digest", ask.digest.text()},
                {"image", ask.image()},
                {"size_bytes", outcome->size().value},
                {"milliseconds", took.count()},
                {"from_peers_bytes", received.from_peers},
                {"from_seeder_bytes", received.from_seeder},
                {"from_holder_bytes", received.from_holder},
                {"from_origin_bytes", received.from_origin},
                {"from_partial_bytes", received.from_partial}});
    download->finish(std::move(outcome));
    return;
  }
  const Error error = outcome.error();
  const bool is_passed = error.kind == ErrorKind::no_space && download->passage();
  if (is_passed) tell_passed(*download, took);
  if (error.kind == ErrorKind::no_space && !is_passed && download->begun() && download->attempt().is_cached) {
    disk_failed_at_ = parts_.clock.now();
  }
  if (error.kind == ErrorKind::corrupt) parts_.metrics.outcomes.corrupt_layers.add();
  if (is_current) memberships_.withdraw(ask.digest);  // it may have been whole in a swarm already
  const int number = download->attempt().number;
  download->finish(std::move(outcome));
  const bool again = error.kind == ErrorKind::corrupt && number < limits_.attempts;
  if (!is_passed && !wants_parts(*download)) tell_failure(ask, error, again, parts_.metrics);
  if (!again || !is_current) return;
  // A caller that has no byte of the old attempt gets the new one.
  const auto disproved = download->begun() ? download->arrival().generation() : std::nullopt;
  start(ask, {.number = number + 1, .disproved = disproved, .parts = download->attempt().parts});
}

// ---- layers as others see them

std::optional<Layer> Pulls::find_held(const access::Granted& granted) {
  return take_held(granted.digest());
}

bool Pulls::holds(const Digest& digest) const {
  return parts_.store.holds(digest) || in_memory_.contains(digest);
}

bool Pulls::is_here(const Digest& digest, const std::string& upstream) const {
  if (holds(digest)) return true;
  const auto running = running_.find(digest);
  return running != running_.end() && running->second->ask().repository.upstream != upstream;
}

std::optional<Layer> Pulls::take_held(const Digest& digest) {
  auto held = parts_.store.find(digest);
  if (held) return Layer(std::move(*held));
  const auto in_memory = in_memory_.find(digest);
  if (in_memory == in_memory_.end()) return std::nullopt;
  in_memory->second.used_at = parts_.clock.now();
  return Layer(in_memory->second.layer);
}

Task<std::optional<Layer>> Pulls::find_begun(access::Granted granted, Milliseconds limit) {
  const Digest& digest = granted.digest();
  if (auto held = take_held(digest)) co_return held;
  const auto running = running_.find(digest);
  if (running == running_.end()) co_return std::nullopt;
  const SharedDownload download = running->second;
  const auto end = parts_.clock.now() + limit;
  while (!download->begun() && !download->finished() && parts_.clock.now() < end) {
    const auto left = std::chrono::duration_cast<Milliseconds>(end - parts_.clock.now());
    co_await download->changed().wait_for(parts_.clock, left);
  }
  if (!download->begun()) co_return take_held(digest);
  co_return Layer(download, download->layout().layer_size());
}

void Pulls::remove_unreadable(const Digest& digest, const store::PieceFile& file) {
  if (!parts_.store.drop(digest, file)) return;
  log::error("pull", "held layer unreadable, removed",
             {{"digest", digest.text()}, {"next", "look at the disk; the layer is pulled again"}});
  memberships_.withdraw(digest);
}

std::size_t committing(const Pulls& pulls) {
  return static_cast<std::size_t>(std::ranges::count_if(pulls.running(), [](const auto& entry) {
    return entry.second->filled() && !entry.second->passage();
  }));
}

Task<void> Pulls::store_bytes(Ask ask, Bytes bytes, std::string content_type) {
  if (running_.contains(ask.digest) || parts_.store.find(ask.digest)) co_return;
  const Time started = parts_.clock.now();
  const Download::Attempt last{.number = limits_.attempts};
  const auto download = std::make_shared<Download>(download_parts(parts_), std::move(ask), last);
  running_[download->ask().digest] = download;
  const Result<void> space = reserve_space(parts_, *download, {bytes.size()});
  Result<store::HeldLayer> held = tl::unexpected(Error{});
  if (space) {
    download->set_content_type(std::move(content_type));
    const Result<void> written = co_await download->write_whole(std::move(bytes), &Received::from_origin);
    if (written) {
      held = co_await verify_and_store(download);
    } else {
      held = tl::unexpected(written.error());
    }
  } else {
    held = tl::unexpected(space.error());
  }
  end(download, std::move(held), started);
}

void Pulls::on_up(link::TrackerLink& link) {
  memberships_.on_up(link);
}

void Pulls::on_message(link::TrackerLink& link, control::TrackerMessage message) {
  memberships_.on_message(link, std::move(message));
}

}  // namespace shoal::agent::pull
