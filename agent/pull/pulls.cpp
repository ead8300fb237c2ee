#include "agent/pull/pulls.hpp"

#include "agent/pull/room.hpp"
#include "shared/log/log.hpp"

namespace shoal::agent::pull {

Pulls::Pulls(Parts parts, Limits limits)
    : parts_(parts), limits_(limits), cluster_(parts, limits.cluster), origin_(parts, limits.origin) {
  parts.store.ask_before_evicting([this](const Digest& digest) { return cluster_.may_go(digest); },
                                  [this](const Digest& digest) { cluster_.forget(digest); });
}

// ---- the pull path: request -> held? -> arriving -> verified -> held

Task<Result<Layer>> Pulls::open(Ask ask) {
  if (auto held = find_held(ask.digest)) {
    parts_.metrics.hits.add();
    co_return std::move(*held);
  }
  const auto running = running_.find(ask.digest);
  const std::shared_ptr<Download> download = running == running_.end() ? start(std::move(ask), 1) : running->second;
  const Result<ByteCount> size = co_await download->size();
  if (!size) co_return tl::unexpected(size.error());
  co_return Layer(download, *size);
}

Task<Result<std::unique_ptr<Passing>>> Pulls::pass(Ask ask) {
  log::info("pull", "passing a layer through", {{"digest", ask.digest.text()}});
  auto passing = co_await origin_.pass(std::move(ask));
  co_return passing;
}

std::shared_ptr<Download> Pulls::start(Ask ask, int attempt, std::optional<Generation> disproved) {
  auto download = std::make_shared<Download>(parts_.loop, parts_.pool, std::move(ask), attempt, disproved);
  running_[download->ask().digest] = download;
  parts_.metrics.pulls.add();
  spawn(parts_.loop, pull(download));
  return download;
}

Task<void> Pulls::pull(std::shared_ptr<Download> download) {
  const Time started = parts_.clock.now();
  const Result<void> arrived = co_await arrive(download);
  Result<store::HeldLayer> held = tl::unexpected(Error{});
  if (arrived) {
    held = co_await judge(download);
  } else {
    held = tl::unexpected(arrived.error());
  }
  end(download, std::move(held), started);
}

// Every piece is in the file: from the cluster, else from the origin, from the first missing byte.
Task<Result<void>> Pulls::arrive(std::shared_ptr<Download> download) {
  const Ask& ask = download->ask();
  if (disk_failed_at_ && parts_.clock.now() - *disk_failed_at_ < limits_.disk_rest) download->do_not_keep();
  // A manifest may lie about a size: it evicts nothing before the tracker or the origin has named the same.
  if (ask.size_hint && parts_.store.has_room(ask.digest, *ask.size_hint)) {
    const Result<void> room = make_room(parts_, *download, *ask.size_hint);
    if (!room) co_return room;
  }
  Result<void> filled;
  if (parts_.trackers.configured()) {
    filled = co_await cluster_.fill(download);
    if (!filled) filled = co_await fall_back(download, filled.error());
  } else {
    filled = co_await origin_.fill(download);
  }
  co_return filled;
}

// What the cluster does not deliver comes from the origin, unless that would be no better.
Task<Result<void>> Pulls::fall_back(std::shared_ptr<Download> download, Error why) {
  if (why.kind == ErrorKind::corrupt || why.kind == ErrorKind::no_space) co_return tl::unexpected(why);
  // The origin sent the tracker away. It counts callers with an authorization of their own apart.
  const bool may_ask = why.retry_after == Milliseconds(0) || !download->ask().authorization.empty();
  log::warning("pull", may_ask ? "the cluster cannot deliver, asking the origin" : "the origin wants to be left alone",
               {{"digest", download->ask().digest.text()}, {"why", why.what}});
  if (!may_ask) co_return tl::unexpected(why);
  parts_.metrics.origin_fallbacks.add();
  if (why.kind == ErrorKind::unavailable) {
    const Milliseconds turn(random_() % static_cast<unsigned>(limits_.origin_spread.count() + 1));
    co_await parts_.clock.sleep(turn);
  }
  Result<void> filled = co_await origin_.fill(download);
  co_return filled;
}

// The digest is the final judge; then the layer is kept.
Task<Result<store::HeldLayer>> Pulls::judge(std::shared_ptr<Download> download) {
  Result<store::VerifiedLayer> verified = co_await download->verified();
  if (!verified) co_return tl::unexpected(verified.error());
  Result<store::HeldLayer> held = co_await keep(download, std::move(*verified));
  co_return held;
}

// Durable under its name, and known to the cluster.
Task<Result<store::HeldLayer>> Pulls::keep(std::shared_ptr<Download> download, store::VerifiedLayer proof) {
  const PieceLayout& layout = proof.file()->layout();
  store::Side side{.digest = proof.digest(),
                   .size_bytes = layout.layer_size().value,
                   .piece_length_bytes = static_cast<std::uint32_t>(layout.piece_length().value),
                   .generation = 0,
                   .hashes = download->partial().hashes(),
                   .signature = {},
                   .swarm = {},
                   .content_type = download->content_type()};
  cluster_.describe(proof.digest(), side);
  auto commit = [reserved = download->reserved(), proof, side = std::move(side)] {
    return store::Store::commit(reserved, proof, side);
  };
  auto committed = co_await parts_.commits.run(std::move(commit));
  if (!committed) co_return tl::unexpected(not_kept(committed.error()));
  store::HeldLayer held = parts_.store.adopt(std::move(*committed));
  parts_.metrics.partial_bytes.add(download->received().from_partial);
  if (parts_.store.holds(held.digest())) {
    cluster_.announce(held.digest());
  } else {
    cluster_.forget(held.digest());  // it is only in memory, for those who read it now
  }
  co_return held;
}

void Pulls::end(std::shared_ptr<Download> download, Result<store::HeldLayer> outcome, Time started) {
  const Digest& digest = download->ask().digest;
  const auto took = std::chrono::duration_cast<Milliseconds>(parts_.clock.now() - started);
  const Received& received = download->received();
  running_.erase(digest);
  if (outcome) {
    log::info("pull", "layer held",
              {{"digest", digest.text()},
               {"size_bytes", outcome->size().value},
               {"milliseconds", took.count()},
               {"from_peers_bytes", received.from_peers},
               {"from_seeder_bytes", received.from_seeder},
               {"from_holder_bytes", received.from_holder},
               {"from_origin_bytes", received.from_origin},
               {"from_partial_bytes", received.from_partial}});
    download->settle(std::move(outcome));
    return;
  }
  const Error error = outcome.error();
  if (error.kind == ErrorKind::no_space && download->begun() && download->to_be_kept()) {
    disk_failed_at_ = parts_.clock.now();
  }
  log::error("pull", "layer not pulled", {{"digest", digest.text()}, {"kind", text(error.kind)}, {"why", error.what}});
  if (error.kind == ErrorKind::corrupt) parts_.metrics.layers_corrupt.add();
  cluster_.forget(digest);  // it may have been whole in a swarm already
  download->settle(std::move(outcome));
  if (error.kind == ErrorKind::corrupt && download->attempt() < limits_.attempts) {
    // Whoever has no byte of the old attempt is handed the new one.
    start(download->ask(), download->attempt() + 1, download->generation());
  } else {
    parts_.metrics.pulls_failed.add();
  }
}

// ---- layers as others see them

std::optional<Layer> Pulls::find_held(const Digest& digest) {
  auto held = parts_.store.find(digest);
  if (!held) return std::nullopt;
  return Layer(std::move(*held));
}

Task<std::optional<Layer>> Pulls::find_begun(Digest digest, Milliseconds limit) {
  if (auto held = find_held(digest)) co_return held;
  const auto running = running_.find(digest);
  if (running == running_.end()) co_return std::nullopt;
  const std::shared_ptr<Download> download = running->second;
  const auto end = parts_.clock.now() + limit;
  while (!download->begun() && !download->settled() && parts_.clock.now() < end) {
    co_await download->changed().wait_for(std::chrono::duration_cast<Milliseconds>(end - parts_.clock.now()));
  }
  if (!download->begun()) co_return find_held(digest);
  co_return Layer(download, download->partial().file()->layout().layer_size());
}

void Pulls::drop(const Digest& digest, const store::PieceFile& file) {
  if (!parts_.store.drop(digest, file)) return;
  log::error("pull", "a held layer cannot be read, and is removed", {{"digest", digest.text()}});
  cluster_.forget(digest);
}

std::size_t Pulls::committing() const {
  return static_cast<std::size_t>(
      std::count_if(running_.begin(), running_.end(), [](const auto& entry) { return entry.second->filled(); }));
}

Task<void> Pulls::keep_bytes(Ask ask, Bytes bytes, std::string content_type) {
  if (running_.contains(ask.digest) || parts_.store.find(ask.digest)) co_return;
  const Time started = parts_.clock.now();
  auto download = std::make_shared<Download>(parts_.loop, parts_.pool, std::move(ask), limits_.attempts);
  running_[download->ask().digest] = download;
  const Result<void> room = make_room(parts_, *download, {bytes.size()});
  Result<store::HeldLayer> held = tl::unexpected(Error{});
  if (room) {
    download->set_content_type(std::move(content_type));
    const Result<void> written = download->write_whole(bytes, &Received::from_origin);
    if (written) {
      held = co_await judge(download);
    } else {
      held = tl::unexpected(written.error());
    }
  } else {
    held = tl::unexpected(room.error());
  }
  end(download, std::move(held), started);
}

void Pulls::on_up(link::TrackerLink& link) {
  cluster_.on_up(link);
}

void Pulls::on_message(link::TrackerLink& link, control::TrackerMessage message) {
  cluster_.on_message(link, std::move(message));
}

std::string Layer::content_type() const {
  if (const auto* layer = std::get_if<store::HeldLayer>(&source_)) return layer->side().content_type;
  return std::get<std::shared_ptr<Download>>(source_)->content_type();
}

// The end of a layer is readable once its digest has matched.
Task<Result<void>> Layer::verified() const {
  const auto end = co_await readable(size().value);
  co_return end ? Result<void>() : tl::unexpected(end.error());
}

Task<Result<void>> Layer::verified_within(Milliseconds limit) const {
  const auto end = co_await readable_within(size().value, limit);
  co_return end ? Result<void>() : tl::unexpected(end.error());
}

Task<Result<store::VerifiedSpan>> Layer::readable(std::uint64_t from) const {
  if (const auto* layer = std::get_if<store::HeldLayer>(&source_)) co_return layer->readable(from);
  auto span = co_await std::get<std::shared_ptr<Download>>(source_)->readable(from);
  co_return span;
}

Task<Result<store::VerifiedSpan>> Layer::readable_within(std::uint64_t from, Milliseconds limit) const {
  if (const auto* layer = std::get_if<store::HeldLayer>(&source_)) co_return layer->readable(from);
  auto span = co_await std::get<std::shared_ptr<Download>>(source_)->readable_within(from, limit);
  co_return span;
}

}  // namespace shoal::agent::pull
