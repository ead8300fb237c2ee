#include "agent/pull/pulls.hpp"

#include "agent/pull/failures.hpp"
#include "agent/pull/possession.hpp"
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

}  // namespace

Pulls::Pulls(Parts parts, Limits limits)
    : parts_(parts),
      limits_(limits),
      memberships_(parts, limits.memberships),
      sources_(parts, memberships_, limits.sources) {
  parts.store.ask_before_evicting([this](const Digest& digest) { return memberships_.may_evict(digest); },
                                  [this](const Digest& digest) { memberships_.withdraw(digest); });
}

// ---- the pull path: request -> held? -> arriving -> verified -> held

Task<Result<Layer>> Pulls::open(access::Granted granted, Ask ask) {
  SHOAL_CHECK(granted.digest() == ask.digest);
  const auto in_memory = in_memory_.find(ask.digest);
  if (in_memory != in_memory_.end() && stores_layers() && parts_.store.has_room(ask.digest, in_memory->second.layer.size()))
    in_memory_.erase(in_memory);  // there is room now: it is pulled into the store
  // It may have become held, for another registry's callers, since the right was given.
  const bool is_known = needs_no_possession(granted) || has_possession(parts_, ask);
  if (const auto held = is_known ? std::nullopt : parts_.store.look(ask.digest)) note_possession(parts_, *held);
  const auto foreign = is_known || has_possession(parts_, ask) ? std::nullopt : look(ask.digest);
  if (foreign) {
    access::Question question{{ask.repository, ask.authorization}, ask.digest, ask.kind};
    access::Evidence evidence = evidence_of(*foreign);
    const Result<void> proven = co_await parts_.access.prove(std::move(question), std::move(evidence));
    if (!proven) co_return tl::unexpected(proven.error());
  }
  if (auto held = take_held(ask.digest)) {
    parts_.metrics.hits.add();
    co_return std::move(*held);
  }
  // An attempt may end with wrong bytes, of another registry too, before this caller's own has its turn.
  constexpr int most_attempts = 8;
  for (int attempt = 1;; ++attempt) {
    const Entered entered = enter(granted, ask);
    if (!entered.download) co_return fail(ErrorKind::unavailable, "too many layers are being pulled at once");
    if (!entered.asker) co_return fail(ErrorKind::unavailable, "too many callers wait for the layer");
    const Admission admission(parts_, entered.download, entered.asker, entered.is_size_promised);
    const Result<ByteCount> size = co_await admission.size();
    if (size) co_return Layer(entered.download, *size, admission);
    const bool has_another = admission.has_ended_for_all() && running_.contains(ask.digest);
    if (!has_another || attempt == most_attempts) co_return tl::unexpected(size.error());
  }
}

Pulls::Entered Pulls::enter(const access::Granted& granted, Ask ask) {
  const Digest digest = ask.digest;
  const auto running = running_.find(digest);
  const bool is_new = running == running_.end();
  if (is_new && running_.size() >= limits_.downloads) return {};
  SharedDownload download = is_new ? start(Askers(ask, parts_.clock.now()), {}) : running->second;
  if (!is_new) want_whole(*download);
  SharedAsker asker = download->askers().join(ask, parts_.clock.now());
  if (!asker) return {std::move(download), nullptr};
  download->changed().notify();
  let_prove(parts_, granted, download, asker);
  const bool is_size_promised = download->attempt().is_cached && !download->begun() && ask.size_hint &&
                                parts_.store.has_room(digest, *ask.size_hint);
  return {std::move(download), std::move(asker), is_size_promised};
}

void Pulls::fetch(const access::Granted& granted, Ask ask) {
  SHOAL_CHECK(granted.digest() == ask.digest);
  if (!parts_.store.holds(ask.digest)) enter(granted, std::move(ask));
}

Task<Result<std::unique_ptr<PassThrough>>> Pulls::pass_through(access::Granted granted, Ask ask, std::uint64_t from) {
  SHOAL_CHECK(granted.digest() == ask.digest);
  log::debug("pull", "reading the origin for one client",
             {{"digest", ask.digest.text()}, {"image", ask.image()}, {"from_byte", from}});
  auto stream = co_await sources_.pass_through(std::move(ask), from);
  co_return stream;
}

bool Pulls::leave_passed(const Digest& digest, std::uint64_t from) {
  const auto running = running_.find(digest);
  if (running == running_.end() || !running->second->filled() || memberships_.contains(digest)) return false;
  const bool is_near = running->second->passage() && from <= running->second->arrival().file()->window().value;
  if (is_near) running_.erase(running);
  return is_near;
}

SharedDownload Pulls::start(Askers askers, Download::Attempt attempt) {
  attempt.is_cached = stores_layers();
  const auto download = std::make_shared<Download>(download_parts(parts_), std::move(askers), attempt);
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
  const Result<void> filled = co_await sources_.fill(download);
  Result<store::HeldLayer> held = tl::unexpected(Error{});
  if (filled && download->passage()) {
    held = co_await pass(download);
  } else if (filled) {
    held = co_await commit(download);
  } else {
    held = tl::unexpected(filled.error());
  }
  end(download, std::move(held), started);
}

// The layer has arrived, and passes to its readers from the window: no node is to ask here for it.
Task<Result<store::HeldLayer>> Pulls::pass(SharedDownload download) {
  const Result<store::VerifiedLayer> verified = co_await download->verified();
  if (!verified) co_return tl::unexpected(verified.error());
  note_verified(parts_, *download);
  memberships_.withdraw(download->ask().digest);
  co_await download->passage()->wait_for_readers();
  co_return fail(ErrorKind::no_space, "the layer was passed through");
}

// The digest is the last check. Then the layer is durable under its name, and known to the cluster.
Task<Result<store::HeldLayer>> Pulls::commit(SharedDownload download) {
  const Result<store::VerifiedLayer> verified = co_await download->verified();
  if (!verified) co_return tl::unexpected(verified.error());
  note_verified(parts_, *download);
  const store::VerifiedLayer& proof = *verified;
  const PieceLayout& layout = proof.file()->layout();
  store::SideFile side{.digest = proof.digest(),
                       .size_bytes = layout.layer_size().value,
                       .piece_length_bytes = static_cast<std::uint32_t>(layout.piece_length().value),
                       .generation = 0,
                       .hashes = download->arrival().partial().hashes(),
                       .signature = {},
                       .swarm = {},
                       .content_type = download->content_type(),
                       .upstreams = possessors(parts_, *download)};
  memberships_.describe(proof.digest(), side);
  auto commit = [reserved = download->arrival().reserved(), proof = proof, side = std::move(side)] {
    return store::Store::commit(reserved, proof, side);
  };
  auto committed = co_await parts_.commits.run(std::move(commit));
  if (!committed) co_return tl::unexpected(storage_error(committed.error()));
  store::HeldLayer held = parts_.store.adopt(std::move(*committed));
  parts_.metrics.bytes.resumed.add(download->arrival().received().from_partial);
  if (parts_.store.holds(held.digest())) {
    memberships_.announce(held.digest(), held.side().upstreams);
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
  if (error.kind == ErrorKind::corrupt) download->askers().note_corrupt();
  const std::vector<SharedAsker> left = download->askers().left(limits_.attempts);
  const bool again = error.kind == ErrorKind::corrupt && !left.empty();
  if (!is_passed && !wants_parts(*download)) tell_failure(ask, error, again, parts_.metrics);
  const auto disproved = download->begun() ? download->arrival().generation() : std::nullopt;
  download->finish(std::move(outcome));
  if (!again || !is_current) return;
  // A caller that has no byte of the old attempt gets the new one.
  const Download::Attempt& before = download->attempt();
  start(Askers(left), {.number = before.number + 1, .disproved = disproved, .parts = before.parts});
}

// ---- layers as others see them

// What is here of another registry is not this one's, nor its size.
std::optional<Layer> Pulls::find_held(const access::Granted& granted) {
  auto held = take_held(granted.digest());
  const bool is_its = needs_no_possession(granted) ||
                      parts_.access.possession().has(granted.repository().upstream, granted.digest());
  return is_its ? std::move(held) : std::nullopt;
}

bool holds(const Pulls& pulls, const Digest& digest) {
  return pulls.parts_.store.holds(digest) || pulls.in_memory_.contains(digest);
}

bool is_here(const Pulls& pulls, const Digest& digest, const std::string& upstream) {
  const bool is_known = pulls.parts_.access.possession().has(upstream, digest);
  if (const auto held = is_known ? std::nullopt : pulls.parts_.store.look(digest)) note_possession(pulls.parts_, *held);
  if (holds(pulls, digest)) return true;
  const auto running = pulls.running_.find(digest);
  return running != pulls.running_.end() && running->second->ask().repository.upstream != upstream;
}

std::optional<store::HeldLayer> Pulls::look(const Digest& digest) {
  if (auto held = parts_.store.look(digest)) return held;
  const auto in_memory = in_memory_.find(digest);
  return in_memory == in_memory_.end() ? std::nullopt : std::optional(in_memory->second.layer);
}

std::optional<Layer> Pulls::take_held(const Digest& digest) {
  auto held = parts_.store.find(digest);
  if (held) note_possession(parts_, *held);
  if (held) return Layer(std::move(*held));
  const auto in_memory = in_memory_.find(digest);
  if (in_memory == in_memory_.end()) return std::nullopt;
  in_memory->second.used_at = parts_.clock.now();
  return Layer(in_memory->second.layer);
}

Task<std::optional<Layer>> Pulls::find_begun(access::Granted granted, Milliseconds limit) {
  if (auto held = find_held(granted)) co_return held;
  const auto running = running_.find(granted.digest());
  if (running == running_.end()) co_return std::nullopt;
  const SharedDownload download = running->second;
  const auto end = parts_.clock.now() + limit;
  while (!download->begun() && !download->finished() && parts_.clock.now() < end) {
    const auto left = std::chrono::duration_cast<Milliseconds>(end - parts_.clock.now());
    co_await download->changed().wait_for(parts_.clock, left);
  }
  if (!download->begun()) co_return find_held(granted);
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
  note_possession(parts_, ask);
  Askers askers(std::move(ask), started);
  askers.filler()->corruptions = limits_.attempts;  // there is no other source
  const auto download = std::make_shared<Download>(download_parts(parts_), std::move(askers), Download::Attempt{});
  running_[download->ask().digest] = download;
  const Result<void> space = reserve_space(parts_, *download, {bytes.size()});
  Result<store::HeldLayer> held = tl::unexpected(Error{});
  if (space) {
    download->set_content_type(std::move(content_type));
    const Result<void> written = co_await download->write_whole(std::move(bytes), &Received::from_origin);
    if (written) {
      held = co_await commit(download);
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
