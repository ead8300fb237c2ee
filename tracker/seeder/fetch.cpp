// The fetch of one layer: the coroutines of Seeder.
//
// What is passed into a coroutine has a name first: g++ 12 destroys a closure or aggregate twice that is made in the
// expression of a co_await.
#include "shared/log/log.hpp"
#include "tracker/seeder/seeder.hpp"

namespace shoal::tracker {
namespace {

constexpr std::size_t recheck_step = 16;  // pieces, 16 MiB at most: other layers get their turn on the pool

}  // namespace

Task<void> Seeder::run(LayerPtr layer) {
  auto done = co_await fetch(layer);
  if (!done && done.error().kind == ErrorKind::corrupt) {
    restart(*layer);
    done = co_await fetch(layer);
  }
  if (done && layer->broken) done = tl::unexpected(*layer->broken);
  layer->is_fetching = false;
  --running_;
  if (!done) refuse(*layer, done.error());
  start_waiting();
}

Task<Result<void>> Seeder::fetch(LayerPtr layer) {
  const Wanted& wanted = layer->wanted;
  log::info("tracker", "origin fetch started",
            {{"digest", wanted.digest.text()},
             {"upstream", wanted.repository.upstream},
             {"repository", wanted.repository.name},
             {"generation", layer->generation}});
  co_await take_up(layer);
  if (layer->broken) co_return tl::unexpected(*layer->broken);
  const std::uint64_t from = layer->intake ? layer->intake->position() : 0;
  if (!layer->intake || from < layer->reserved->file()->layout().layer_size().value) {
    const auto opened = co_await open_origin(layer, from);
    if (!opened) co_return opened;
  }
  const bool is_small =
      wanted.kind == origin::Kind::manifest || layer->reserved->file()->layout().layer_size() <= small_layer_limit;
  Result<void> done;
  if (is_small) {
    done = co_await fetch_small(layer);
  } else {
    done = co_await fetch_pieces(layer);
  }
  co_return done;
}

// What an earlier fetch left of the layer, from its first piece on: each piece is rechecked and published at once, so
// that nobody waits for the last of them.
Task<void> Seeder::take_up(LayerPtr layer) {
  const Digest digest = layer->wanted.digest;
  const auto size = parts_.store.partial_size(digest);
  if (!size || layer->wanted.kind == origin::Kind::manifest) co_return;
  auto reserved = parts_.store.reserve(digest, *size);
  if (!reserved) co_return;
  auto read = [reserved = *reserved] { return reserved.left(); };
  const auto noted = co_await parts_.pool.run(std::move(read));
  if (!noted || noted->empty()) {
    reserved->discard();
    co_return;
  }
  layer->generation = reserved->left_generation();
  layer->reserved = std::move(*reserved);
  layer->intake = std::make_shared<Intake>(digest, layer->reserved->file());
  start_seeding(layer, layer->reserved->file());
  for (std::size_t first = 0; first < noted->size(); first += recheck_step) {
    const auto begin = noted->begin() + static_cast<std::ptrdiff_t>(first);
    const auto count = static_cast<std::ptrdiff_t>(std::min(recheck_step, noted->size() - first));
    auto recheck = [intake = layer->intake, some = std::vector(begin, begin + count)] { return intake->recheck(some); };
    const auto right = co_await parts_.pool.run(std::move(recheck));
    if (!right) layer->broken = right.error();
    if (layer->broken) co_return;
    layer->seeding->add(*right);
    if (right->size() < static_cast<std::size_t>(count)) break;
  }
  log::info("tracker", "taken up again", {{"digest", digest.text()}, {"from_byte", layer->intake->position()}});
}

Task<Result<void>> Seeder::open_origin(LayerPtr layer, std::uint64_t from) {
  // Once: if what they gave proves wrong, the origin alone is asked.
  auto holders = layer->asked_holders ? std::deque<control::Endpoint>() : events_.holders(layer->wanted.digest);
  layer->asked_holders = true;
  layer->source = std::make_unique<HoldersFirst>(parts_.source, parts_.keys.swarm, std::move(holders));
  auto opened = co_await open_next(layer, from);
  // What a holder says of the size may be false, and refuses the layer to nobody: each is asked once, then the origin.
  while (!opened && layer->source->holder()) opened = co_await open_next(layer, from);
  co_return opened;
}

// The next holder that answers or the origin, and room for what it has.
Task<Result<void>> Seeder::open_next(LayerPtr layer, std::uint64_t from) {
  const Wanted& wanted = layer->wanted;
  layer->reader = std::make_unique<OriginReader>(
      OriginReader::Parts{*layer->source, parts_.clock, parts_.pace, parts_.metrics}, wanted, from);
  const auto opened = co_await layer->reader->open();
  if (!opened) co_return opened;
  const ByteCount size = layer->reader->size();
  if (layer->reserved) {
    if (size == layer->reserved->file()->layout().layer_size()) co_return Result<void>();
    co_return fail(ErrorKind::corrupt, "the origin's layer has another size than before");
  }
  if (layer->source->holder() && wanted.size_hint_bytes != 0 && size.value != wanted.size_hint_bytes)
    co_return fail(ErrorKind::refused, "an agent's layer has another size than its manifest says");
  if (wanted.kind == origin::Kind::manifest && size > origin::largest_manifest)
    co_return fail(ErrorKind::refused, "the manifest is too large");
  auto reserved = parts_.store.reserve(wanted.digest, size);
  if (!reserved) co_return tl::unexpected(reserved.error());
  const auto started = reserved->start_generation(layer->generation);
  if (started) layer->reserved = std::move(*reserved);
  co_return started;
}

Task<Result<void>> Seeder::fetch_small(LayerPtr layer) {
  Bytes bytes;
  for (;;) {
    const auto more = co_await layer->reader->next();
    if (!more) co_return tl::unexpected(more.error());
    if (more->empty()) break;
    layer->moved_at = parts_.clock.now();
    bytes.insert(bytes.end(), more->begin(), more->end());
  }
  const bool is_manifest = layer->wanted.kind == origin::Kind::manifest;
  std::string content_type = is_manifest ? layer->reader->content_type() : std::string();
  const auto stored = co_await store_small(layer, std::move(bytes), std::move(content_type));
  co_return stored;
}

// The last step of every small layer: it may be fetched as soon as its digest has matched; once it is durable the store
// knows it, and no entry is needed.
Task<Result<void>> Seeder::store_small(LayerPtr layer, Bytes bytes, std::string content_type) {
  const Digest digest = layer->wanted.digest;
  const auto small = std::make_shared<const SmallLayer>(SmallLayer{std::move(bytes), std::move(content_type)});
  auto check = [small, digest] { return digest_of(digest.algorithm(), small->bytes) == digest; };
  const bool is_right = co_await parts_.pool.run(std::move(check));
  if (!is_right) co_return fail(ErrorKind::corrupt, "the layer's bytes are not what its digest says");
  layer->small = small;
  layer->info =
      LayerInfo{.digest = digest, .size = {small->bytes.size()}, .is_small = true, .content_type = small->content_type};
  events_.known(*layer->info);
  auto write = [reserved = *layer->reserved, small] {
    return store::Store::write_small(reserved, small->bytes, small->content_type);
  };
  auto committed = co_await parts_.pool.run(std::move(write));
  if (!committed) co_return tl::unexpected(committed.error());
  parts_.store.adopt(std::move(*committed));
  drop(*layer);
  layers_.erase(digest);
  log::info("tracker", "small layer stored", {{"digest", digest.text()}, {"size_bytes", small->bytes.size()}});
  co_return Result<void>();
}

Task<void> Seeder::store_kept(LayerPtr layer, Bytes bytes, std::string content_type) {
  auto reserved = parts_.store.reserve(layer->wanted.digest, {bytes.size()});
  Result<void> stored;
  if (reserved) {
    layer->reserved = std::move(*reserved);
    stored = co_await store_small(layer, std::move(bytes), std::move(content_type));
  } else {
    stored = tl::unexpected(reserved.error());
  }
  layer->is_fetching = false;
  if (!stored) refuse(*layer, stored.error());
}

Task<Result<void>> Seeder::fetch_pieces(LayerPtr layer) {
  if (!layer->seeding) start_seeding(layer, layer->reserved->file());
  if (!layer->intake) layer->intake = std::make_shared<Intake>(layer->wanted.digest, layer->reserved->file());
  const auto intake = layer->intake;
  const auto all = co_await take_all(layer, intake);
  if (!all) co_return all;
  auto proof = intake->finish();
  if (!proof) co_return tl::unexpected(proof.error());
  co_await store_layer(layer, intake->hashes(), std::move(*proof));
  co_return Result<void>();
}

// Every byte of the origin, through the file, into the swarm.
Task<Result<void>> Seeder::take_all(LayerPtr layer, std::shared_ptr<Intake> intake) {
  const std::string digest = layer->wanted.digest.text();
  bool is_first = true;
  while (layer->reader) {  // else an earlier fetch had left all of it
    const auto bytes = co_await layer->reader->next();
    if (!bytes) co_return tl::unexpected(bytes.error());
    if (bytes->empty()) break;
    layer->moved_at = parts_.clock.now();
    if (std::exchange(is_first, false)) log::info("tracker", "origin first byte", {{"digest", digest}});
    auto take = [intake, copy = copy_of(*bytes)] { return intake->take(copy); };
    const auto taken = co_await parts_.pool.run(std::move(take));
    if (!taken) co_return tl::unexpected(taken.error());
    if (layer->broken) co_return tl::unexpected(*layer->broken);
    layer->seeding->add(taken->hashes);
  }
  log::info("tracker", "origin last byte",
            {{"digest", digest}, {"size_bytes", layer->reserved->file()->layout().layer_size().value}});
  layer->seeding->flush();
  layer->reader.reset();
  co_return Result<void>();
}

// The digest matched: says so at once, then makes the layer durable. A layer that cannot be kept is still seeded.
Task<void> Seeder::store_layer(LayerPtr layer, std::vector<Hash256> hashes, store::VerifiedLayer proof) {
  const Digest digest = layer->wanted.digest;
  const PieceLayout layout = proof.file()->layout();
  layer->finished = sign_list(parts_.keys.signing, digest, layout.layer_size(), hashes);
  if (layer->info) {
    layer->info->finished = layer->finished;
    events_.finished(*layer->info);
  }
  store::Side side{digest, layout.layer_size().value, static_cast<std::uint32_t>(layout.piece_length().value)};
  side.generation = layer->generation;
  side.hashes = std::move(hashes);
  side.signature = layer->finished;
  side.swarm = name_of(*layer, layout);
  auto commit = [reserved = *layer->reserved, proof, side = std::move(side)] {
    return store::Store::commit(reserved, proof, side);
  };
  auto committed = co_await parts_.pool.run(std::move(commit));
  layer->intake.reset();
  layer->reserved.reset();
  if (committed) {
    parts_.store.adopt(std::move(*committed));
    log::info("tracker", "layer stored", {{"digest", digest.text()}, {"size_bytes", layout.layer_size().value}});
  } else {
    log::error("tracker", "a layer cannot be kept", {{"digest", digest.text()}, {"cause", committed.error().what}});
  }
}

}  // namespace shoal::tracker
