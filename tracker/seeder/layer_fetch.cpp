// Each value that is passed into a coroutine has a name first: g++ 12 destroys twice a closure or aggregate that is
// made in the expression of a co_await.
#include "tracker/seeder/layer_fetch.hpp"

#include "shared/log/log.hpp"
#include "tracker/seeder/room.hpp"

namespace shoal::tracker::seeder {
namespace {

constexpr std::size_t recheck_step = 16;  // pieces, 16 MiB at most: other layers get their turn on the pool

std::vector<Hash256> hashes_of(const std::vector<store::WrittenPiece>& pieces) {
  std::vector<Hash256> hashes;
  hashes.reserve(pieces.size());
  for (const store::WrittenPiece& piece : pieces) hashes.push_back(piece.hash());
  return hashes;
}

}  // namespace

LayerFetch::LayerFetch(const Parts& parts, SeedRequest request, Attempt attempt, SwarmEvents on_swarm)
    : parts_(parts),
      request_(std::move(request)),
      attempt_(attempt),
      on_swarm_(std::move(on_swarm)),
      arrived_{parts.clock.now()},
      room_(parts.loop) {}

Task<Result<Fetched>> LayerFetch::run() {
  log::debug("seeder", "origin fetch started",
             {{"digest", request_.digest.text()}, {"image", request_.image()}, {"generation", attempt_.generation}});
  auto fetched = co_await fetch();
  // The digest had matched by then: the origin's bytes were right, and it is not asked again for them.
  if (fetched && swarm_failure_) fetched = fail(ErrorKind::unavailable, swarm_failure_->what);
  if (!fetched) clean_up(fetched.error());
  co_return fetched;
}

Task<Result<Fetched>> LayerFetch::fetch() {
  co_await resume();
  if (swarm_failure_) co_return tl::unexpected(*swarm_failure_);
  const bool is_all_here = filling_ && filling_->position() == size().value;
  if (!is_all_here) {
    const auto opened = co_await open();
    if (!opened) co_return tl::unexpected(opened.error());
  }
  const bool is_small = request_.kind == origin::Kind::manifest || size() <= small_layer_limit;
  if (is_small) {
    auto small = co_await fetch_small();
    co_return small;
  }
  auto pieces = co_await fetch_pieces();
  co_return pieces;
}

// Pieces that an earlier fetch left, from the layer's first one on.
Task<void> LayerFetch::resume() {
  const auto left_size = parts_.store.partial_size(request_.digest);
  if (!left_size || request_.kind == origin::Kind::manifest) co_return;
  auto reserved = parts_.store.reserve(request_.digest, *left_size);
  if (!reserved) co_return;
  auto read = [copy = *reserved] { return copy.left(); };
  auto noted = co_await parts_.pool.run(std::move(read));
  if (!noted || noted->empty()) {
    reserved->discard();
    co_return;
  }
  attempt_.generation = reserved->left_generation();
  reserved_ = std::move(*reserved);
  filling_ = std::make_shared<store::Filling>(request_.digest, reserved_->file());
  start_seeding();
  co_await recheck(std::move(*noted));
}

// Each piece is published as soon as it is rechecked, so that no agent waits for the last of them.
Task<void> LayerFetch::recheck(std::vector<store::NotedPiece> noted) {
  for (std::size_t first = 0; first < noted.size(); first += recheck_step) {
    const auto begin = noted.begin() + static_cast<std::ptrdiff_t>(first);
    const auto count = static_cast<std::ptrdiff_t>(std::min(recheck_step, noted.size() - first));
    auto check = [filling = filling_, some = std::vector(begin, begin + count)] { return filling->recheck(some); };
    const auto right = co_await parts_.pool.run(std::move(check));
    if (!right) swarm_failure_ = right.error();
    if (swarm_failure_) co_return;
    seeding_->add(hashes_of(*right));
    if (right->size() < static_cast<std::size_t>(count)) break;
  }
  log::info("seeder", "layer resumed",
            {{"digest", request_.digest.text()}, {"image", request_.image()}, {"from_byte", filling_->position()}});
}

// Each agent is asked once, then the origin: an agent may say a wrong size, which is no reason to refuse the layer.
Task<Result<void>> LayerFetch::open() {
  const std::uint64_t from = filling_ ? filling_->position() : 0;
  auto holders = attempt_.asks_holders ? parts_.find_holders(request_.digest) : std::deque<control::Endpoint>();
  source_.emplace(parts_, request_, std::move(holders));
  if (reserved_) source_->expect(size());
  auto opened = co_await open_next(from);
  while (!opened && source_->holder()) opened = co_await open_next(from);
  co_return opened;
}

// The next agent that answers or the origin, and room for what it has.
Task<Result<void>> LayerFetch::open_next(std::uint64_t from) {
  origin::LayerName name{request_.digest, request_.image()};
  stream_.emplace(*source_, parts_.clock, std::move(name), origin_limits, from);
  const auto opened = co_await stream_->open();
  if (!opened) co_return opened;
  const auto right = check_size(stream_->size());
  if (!right || reserved_) co_return right;
  const auto room = make_room(stream_->size());
  if (room) source_->expect(stream_->size());
  co_return room;
}

Result<void> LayerFetch::check_size(ByteCount said) const {
  if (reserved_ && said != size())
    return fail(ErrorKind::corrupt, "the origin's layer has another size than before");
  if (reserved_) return {};
  if (source_->holder() && request_.size_hint_bytes != 0 && said.value != request_.size_hint_bytes)
    return fail(ErrorKind::refused, "an agent's layer has another size than its manifest says");
  if (request_.kind == origin::Kind::manifest && said > origin::largest_manifest)
    return fail(ErrorKind::refused, "the manifest is too large");
  return {};
}

Result<void> LayerFetch::make_room(ByteCount size) {
  const bool is_known = !source_->holder() || request_.size_hint_bytes != 0;  // check_size has compared them
  auto reserved = reserve_room(parts_, request_, size, is_known ? Size::known : Size::said_by_agent);
  if (!reserved) return tl::unexpected(reserved.error());
  const auto started = reserved->start_generation(attempt_.generation);
  if (started) reserved_ = std::move(*reserved);
  return started;
}

Task<Result<Fetched>> LayerFetch::fetch_small() {
  SmallLayer layer;
  for (;;) {
    const auto more = co_await stream_->next();
    if (!more) co_return tl::unexpected(more.error());
    if (more->empty()) break;
    arrived_.last_at = parts_.clock.now();
    layer.bytes.insert(layer.bytes.end(), more->begin(), more->end());
  }
  // No digest covers an agent's content type. Without one, its readers take the type that the manifest itself names.
  if (request_.kind == origin::Kind::manifest && !source_->holder()) layer.content_type = stream_->content_type();
  const auto small = std::make_shared<const SmallLayer>(std::move(layer));
  auto check = [small, digest = request_.digest] { return digest_of(digest.algorithm(), small->bytes) == digest; };
  const bool is_right = co_await parts_.pool.run(std::move(check));
  if (!is_right) co_return fail(ErrorKind::corrupt, "the layer's bytes are not what its digest says");
  arrived_.all = true;
  co_return FetchedSmall{small, *reserved_};
}

Task<Result<Fetched>> LayerFetch::fetch_pieces() {
  if (!seeding_) start_seeding();
  if (!filling_) filling_ = std::make_shared<store::Filling>(request_.digest, reserved_->file());
  const auto all = co_await take_all();
  if (!all) co_return tl::unexpected(all.error());
  auto proof = filling_->finish();
  if (!proof) co_return tl::unexpected(proof.error());
  arrived_.all = true;
  const bool in_memory = reserved_->in_memory();
  co_await store_layer(filling_->hashes(), std::move(*proof));
  co_return FetchedPieces{seeding_, in_memory};
}

// Every byte of the source, through the file, into the swarm.
Task<Result<void>> LayerFetch::take_all() {
  bool is_first = true;
  while (stream_) {  // else an earlier fetch had left all of it
    const auto bytes = co_await stream_->next();
    if (!bytes) co_return tl::unexpected(bytes.error());
    if (bytes->empty()) break;
    arrived_.last_at = parts_.clock.now();
    if (std::exchange(is_first, false))
      log::debug("seeder", "origin first byte", {{"digest", request_.digest.text()}, {"image", request_.image()}});
    Bytes copy = copy_of(*bytes);
    const auto room = co_await wait_for_room({copy.size()});
    if (!room) co_return room;
    auto take = [filling = filling_, copy = std::move(copy)] { return filling->take(copy); };
    const auto taken = co_await parts_.pool.run(std::move(take));
    if (!taken) co_return tl::unexpected(taken.error());
    if (swarm_failure_) co_return tl::unexpected(*swarm_failure_);
    seeding_->add(hashes_of(*taken));
  }
  log::debug("seeder", "origin last byte",
             {{"digest", request_.digest.text()}, {"image", request_.image()}, {"size_bytes", size().value}});
  seeding_->flush();
  stream_.reset();
  co_return Result<void>();
}

// In a window of memory the next bytes wait until agents have taken earlier ones.
Task<Result<void>> LayerFetch::wait_for_room(ByteCount bytes) {
  const store::FileHandle file = reserved_->file();
  const ByteCount more = bytes + file->layout().piece_length();  // a piece may have begun
  Time since = parts_.clock.now();
  while (!file->fits(more) && !swarm_failure_) {
    const auto waited = parts_.clock.now() - since;
    if (waited >= longest_without_room)
      co_return fail(ErrorKind::unavailable, "no agent takes the pieces of a layer that has no room in the store");
    const std::uint64_t resident = file->resident().value;
    co_await room_.wait_for(parts_.clock, std::chrono::ceil<Milliseconds>(longest_without_room - waited));
    arrived_.last_at = parts_.clock.now();  // the origin is not what is waited for
    if (file->resident().value < resident) since = arrived_.last_at;
  }
  co_return Result<void>();
}

// The digest matched: the agents are told at once, then the layer is made durable. A layer that the store cannot keep
// is still seeded.
Task<void> LayerFetch::store_layer(std::vector<Hash256> hashes, store::VerifiedLayer proof) {
  seeding_->finish(hashes);
  if (const auto info = seeding_->info()) parts_.events.push(LayerFinished{*info});
  if (reserved_->in_memory()) {
    filling_.reset();
    reserved_.reset();
    co_return;
  }
  store::SideFile side = seeding_->side(std::move(hashes));
  auto commit = [reserved = *reserved_, proof, side = std::move(side)] {
    return store::Store::commit(reserved, proof, side);
  };
  auto committed = co_await parts_.pool.run(std::move(commit));
  filling_.reset();
  reserved_.reset();
  const std::string digest = request_.digest.text();
  if (committed) {
    parts_.store.adopt(std::move(*committed));
    log::info("seeder", "layer stored",
              {{"digest", digest}, {"image", request_.image()}, {"size_bytes", seeding_->size().value}});
  } else {
    log::error("seeder", "layer not stored",
               {{"digest", digest},
                {"image", request_.image()},
                {"cause", committed.error().what},
                {"next", "look at the disk"}});
  }
}

void LayerFetch::start_seeding() {
  seeding_ = std::make_shared<Seeding>(parts_, request_.without_authorization(), attempt_.generation, reserved_->file());
  seeding_->start(on_swarm_);
}

void LayerFetch::clean_up(const Error& cause) {
  if (seeding_) seeding_->leave();
  if (cause.kind == ErrorKind::corrupt) {
    if (reserved_) reserved_->discard();  // a later fetch must not resume these bytes
    const auto sender = source_ ? source_->sole_holder() : std::nullopt;
    if (sender) parts_.events.push(HolderCorrupt{request_, *sender});
  }
  stream_.reset();
  filling_.reset();
  reserved_.reset();
}

}  // namespace shoal::tracker::seeder
