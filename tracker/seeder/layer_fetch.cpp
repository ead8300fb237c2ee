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

// What agents are told of the bytes' registry, and a later fetch of those that stay.
void tell_origin(const CurrentSource& source, const std::optional<store::Reserved>& reserved, Seeding* seeding) {
  const std::vector<std::string> upstreams = source.upstreams();
  if (reserved) reserved->note_source(upstreams.empty() ? "" : upstreams.front());
  if (seeding != nullptr) seeding->note_upstreams(upstreams);
}

// Of the answer that was opened: an agent has the layer from wherever it had it.
std::string origin_of(const Source& opened) {
  return opened.bytes.any_from_holders() ? std::string() : opened.request.repository.upstream;
}

}  // namespace

LayerFetch::LayerFetch(const Parts& parts, const std::vector<SeedRequest>& sources, Attempt attempt, Listeners listeners)
    : parts_(parts),
      request_(sources.front()),
      attempt_(attempt),
      on_swarm_(std::move(listeners.on_swarm)),
      openings_(std::make_shared<Openings>(parts, attempt.asks_holders, std::move(listeners.on_refused))),
      source_(parts, openings_),
      arrived_{parts.clock.now()},
      room_(parts.loop) {
  for (const SeedRequest& source : sources) openings_->add(source);
}

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
  if (is_all_here) tell_origin(source_, reserved_, seeding_.get());
  if (!is_all_here) {
    const std::uint64_t from = filling_ ? filling_->position() : 0;
    const auto opened = co_await open(from);
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
  const std::string& upstream = request_.repository.upstream;
  source_.note_origin(reserved_->is_left_of(upstream) ? upstream : "");
  start_seeding();
  const bool is_all = noted->size() == reserved_->file()->layout().count();
  const bool may_agents_go_on = !is_all && attempt_.asks_holders && !parts_.find_holders(request_.digest).empty();
  if (may_agents_go_on) seeding_->note_upstreams({});
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

// The first source that answers, and room for what it has.
Task<Result<void>> LayerFetch::open(std::uint64_t from) {
  if (reserved_) openings_->expect(size());
  for (;;) {
    SharedSource opened = co_await Openings::next(openings_, from);
    source_.use(std::move(opened));
    request_ = source_ ? source_->request : openings_->last_failed().request;
    if (!source_) co_return tl::unexpected(openings_->last_failed().cause);
    if (seeding_ && seeding_->has_upstreams() && !source_.may_go_on(origin_of(*source_.get()))) {
      source_.give_way();
      co_return fail(ErrorKind::unavailable, "what is there of the layer is another registry's");
    }
    const ByteCount size = source_->stream->size();
    const auto room = reserved_ ? Result<void>() : make_room(size);
    if (room) {
      openings_->expect(size);
      source_->bytes.expect(size);
      source_.note_origin(origin_of(*source_.get()));
      tell_origin(source_, reserved_, seeding_.get());
      co_return room;
    }
    if (!source_->bytes.holder()) co_return room;
    openings_->reopen(*source_.get());  // the next agent, or the origin: this one may have named a false size
  }
}

// The source in use broke off. What it has sent is of the layer like any other bytes: the digest decides. But its own callers
// may have what their registry sends, and not what another's does: of a large layer, which they read, all is sent anew.
Task<Result<void>> LayerFetch::take_over(Error cause) {
  if (cause.kind == ErrorKind::corrupt || !openings_->has_other(*source_.get())) co_return tl::unexpected(std::move(cause));
  if (seeding_ && source_.must_give_way()) {
    source_.give_way();
    co_return tl::unexpected(std::move(cause));
  }
  if (!seeding_) source_.forget_origin();
  const std::uint64_t from = seeding_ ? source_.left_at() : 0;  // a piece may have begun
  log::info("seeder", "source failed, another one is asked",
            {{"digest", request_.digest.text()}, {"image", request_.image()}, {"from_byte", from}, {"cause", cause.what}});
  openings_->drop(*source_.get(), cause);
  const auto opened = co_await open(from);
  co_return opened;
}

Result<void> LayerFetch::make_room(ByteCount size) {
  const bool is_known = !source_->bytes.holder() || request_.size_hint_bytes != 0;  // Openings has compared them
  auto reserved = reserve_room(parts_, request_, size, is_known ? Size::known : Size::said_by_agent);
  if (!reserved) return tl::unexpected(reserved.error());
  const auto started = reserved->start_generation(attempt_.generation);
  if (started) reserved_ = std::move(*reserved);
  return started;
}

Task<Result<Fetched>> LayerFetch::fetch_small() {
  SmallLayer layer;
  for (;;) {
    const auto more = co_await source_.next();
    if (!more) {
      layer.bytes.clear();
      const auto again = co_await take_over(more.error());
      if (!again) co_return tl::unexpected(again.error());
      continue;
    }
    if (more->empty()) break;
    arrived_.last_at = parts_.clock.now();
    layer.bytes.insert(layer.bytes.end(), more->begin(), more->end());
  }
  // No digest covers an agent's content type. Without one, its readers take the type that the manifest itself names.
  if (request_.kind == origin::Kind::manifest && !source_->bytes.holder()) layer.content_type = source_->stream->content_type();
  source_.note_origin(origin_of(*source_.get()));
  layer.upstreams = source_.upstreams();
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
  while (source_) {  // else an earlier fetch had left all of it
    auto bytes = co_await source_.next();
    if (!bytes) {
      const auto again = co_await take_over(bytes.error());
      if (!again) co_return again;
      continue;
    }
    if (bytes->empty()) break;
    arrived_.last_at = parts_.clock.now();
    if (std::exchange(is_first, false))
      log::debug("seeder", "origin first byte", {{"digest", request_.digest.text()}, {"image", request_.image()}});
    Bytes copy = std::move(*bytes);
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
  if (source_) source_->stream.reset();
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
  seeding_->note_upstreams(source_.upstreams());
  seeding_->start(on_swarm_);
}

void LayerFetch::clean_up(const Error& cause) {
  if (seeding_) seeding_->leave();
  if (source_.gives_way() && reserved_) reserved_->discard();
  if (cause.kind == ErrorKind::corrupt) {
    if (reserved_) reserved_->discard();  // a later fetch must not resume these bytes
    const auto sender = source_ ? source_->bytes.sole_holder() : std::nullopt;
    if (sender) parts_.events.push(HolderCorrupt{request_, *sender});
  }
  openings_->close();
  filling_.reset();
  reserved_.reset();
}

}  // namespace shoal::tracker::seeder
