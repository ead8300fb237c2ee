#include "tracker/seeder/seeder.hpp"

#include <algorithm>

#include "shared/crypto/signing.hpp"
#include "shared/log/log.hpp"
#include "tracker/seeder/refusals.hpp"

namespace shoal::tracker::seeder {
namespace {

bool is_empty_layer(const Digest& digest) {
  return digest == digest_of(digest.algorithm(), {});
}

template <class Fetches, class Of>
std::size_t count_of(const Fetches& fetches, Of is_of_it) {
  return static_cast<std::size_t>(std::ranges::count_if(fetches, is_of_it));
}

template <class Seeded, class Layers>
std::size_t count_seeded(const Layers& layers) {
  return static_cast<std::size_t>(std::count_if(layers.begin(), layers.end(), [](const auto& item) {
    return std::holds_alternative<Seeded>(item.second);
  }));
}

// The seeded layer that may end and whose swarm has had no members for longest.
template <class Seeded, class Layers>
std::optional<Digest> longest_idle(const Layers& layers, const std::function<bool(const Digest&)>& may_end) {
  std::optional<Digest> idle;
  std::optional<Time> since;
  for (const auto& [digest, layer] : layers) {
    const auto* seeded = std::get_if<Seeded>(&layer);
    if (seeded == nullptr || (since && *since <= seeded->used_at) || !may_end(digest)) continue;
    idle = digest;
    since = seeded->used_at;
  }
  return idle;
}

}  // namespace

Generation random_generation() {
  return static_cast<Generation>(random_number() >> 33);  // the highest ones mean no swarm at all
}

// ---- requests

SeedResult Seeder::request_layer(const SeedRequest& request) {
  if (is_empty_layer(request.digest)) return LayerInfo{.digest = request.digest, .is_small = true};
  const auto found = layers_.find(request.digest);
  if (found != layers_.end()) {
    const Layer& layer = found->second;
    if (const auto* small = std::get_if<SmallReady>(&layer)) return small_info(request.digest, *small->layer);
    // Whoever's source it comes from. Until it may be joined each caller waits for its own source.
    const Seeding* const seeding = seeding_of(layer);
    const auto info = seeding != nullptr ? seeding->info() : std::nullopt;
    const auto* const fetching = std::get_if<Fetching>(&layer);
    const bool is_new = fetching != nullptr && !fetching->fetch->openings().has(request);
    const auto refusal = is_new ? refuse_source(parts_, refusals_, request) : std::nullopt;
    if (is_new && !refusal) fetching->fetch->openings().add(request);
    if (info) return *info;
    return refusal ? SeedResult(*refusal) : SeedResult(Pending{});
  }
  const auto held = parts_.store.find(request.digest);
  return held ? request_held(request, *held) : request_from_origin(request);
}

SeedResult Seeder::request_held(const SeedRequest& request, const store::HeldLayer& held) {
  const store::SideFile& side = held.side();
  // A manifest that was read from an agent has no content type.
  const bool is_manifest =
      !side.content_type.empty() || (request.kind == origin::Kind::manifest && held.size() <= origin::largest_manifest);
  if (held.size() <= small_layer_limit || is_manifest) {
    return LayerInfo{
        .digest = request.digest, .size = held.size(), .is_small = true, .content_type = side.content_type,
        .upstreams = side.upstreams};
  }
  const auto seeding = std::make_shared<Seeding>(parts_, request, side.generation, held.file());
  layers_[request.digest] = Seeded{seeding, parts_.clock.now()};
  seeding->note_upstreams(side.upstreams);
  seeding->finish(side.hashes);
  seeding->start(swarm_events());
  seeding->add_all(side.hashes);
  start_waiting();  // which ends other swarms if there are too many; this one is opened in any case
  log::info("seeder", "seeding a held layer", {{"digest", request.digest.text()}, {"image", request.image()}});
  return Pending{};
}

SeedResult Seeder::request_from_origin(const SeedRequest& request) {
  if (auto refusal = refuse_source(parts_, refusals_, request)) return std::move(*refusal);
  const auto is_of_it = [&](const auto& fetch) { return fetch->request().repository.upstream == request.repository.upstream; };
  const bool is_crowded = waiting_.size() >= most_of_one(most_waiting);
  if (waiting_.size() >= most_waiting || (is_crowded && count_of(waiting_, is_of_it) >= most_of_one(most_waiting)))
    return Refusal{control::Reason::unavailable, "too many layers are being fetched"};
  waiting_.push_back(make_fetch({request}, {.generation = parts_.swarms.new_generation(), .asks_holders = true}));
  start_waiting();
  return Pending{};
}

// ---- fetches

std::unique_ptr<LayerFetch> Seeder::make_fetch(const std::vector<SeedRequest>& sources, LayerFetch::Attempt attempt) {
  const auto refuse_one = [this](const SeedRequest& request, const Error& cause) {
    const Refusal refusal = refuse_fetch(parts_.metrics, request, cause);
    refusals_.store(request, refusal);
    parts_.events.push(SourceRefused{request, refusal});
  };
  auto fetch = std::make_unique<LayerFetch>(parts_, sources, attempt, LayerFetch::Listeners{swarm_events(), refuse_one});
  layers_[sources.front().digest] = Fetching{fetch.get()};
  return fetch;
}

// Each swarm has its layer's file open. Where there are too many, those in which no member lacks pieces end: the store
// has their layers, and the next join begins them again.
void Seeder::start_waiting() {
  const auto may_end = [this](const Digest& digest) {
    return parts_.swarms.is_needed && !parts_.swarms.is_needed(digest) && parts_.store.holds(digest);
  };
  const std::size_t coming = waiting_.empty() ? 0 : 1;
  while (running_ + coming + count_seeded<Seeded>(layers_) > parts_.swarms.most) {
    const auto idle = longest_idle<Seeded>(layers_, may_end);
    if (!idle) break;
    remove(*idle);
  }
  std::size_t open = running_ + count_seeded<Seeded>(layers_);
  const auto may_start = [this](const auto& fetch) {
    const auto running = running_at_.find(fetch->request().repository.upstream);
    return running == running_at_.end() || running->second < most_of_one(largest_fetches);
  };
  while (running_ < largest_fetches && open < parts_.swarms.most) {
    const auto next = std::ranges::find_if(waiting_, may_start);
    if (next == waiting_.end()) break;
    std::unique_ptr<LayerFetch> fetch = std::move(*next);
    waiting_.erase(next);
    ++running_;
    ++running_at_[fetch->request().repository.upstream];
    ++open;
    spawn(parts_.loop, run(std::move(fetch)));
  }
}

Task<void> Seeder::run(std::unique_ptr<LayerFetch> fetch) {
  const std::string upstream = fetch->request().repository.upstream;
  auto fetched = co_await fetch->run();
  if (!fetched && fetch->source().gives_way()) {
    fetch = fetch_again(*fetch);
    fetched = co_await fetch->run();
  }
  if (!fetched && fetched.error().kind == ErrorKind::corrupt) {
    fetch = fetch_again(*fetch);
    fetched = co_await fetch->run();
  }
  const SeedRequest request = fetch->request();
  if (!fetched) {
    refuse(request, fetched.error());
  } else if (auto* small = std::get_if<FetchedSmall>(&*fetched)) {
    serve_small(request, small->layer);
    co_await store_small(request, std::move(*small));
  } else {
    const auto& pieces = std::get<FetchedPieces>(*fetched);
    layers_[request.digest] = Seeded{pieces.seeding, parts_.clock.now(), pieces.in_memory};
  }
  --running_;
  if (--running_at_[upstream] == 0) running_at_.erase(upstream);
  start_waiting();
}

// The next generation, of the origins alone; the one whose bytes were wrong, or that stopped, is the last to be asked.
std::unique_ptr<LayerFetch> Seeder::fetch_again(const LayerFetch& failed) {
  const SeedRequest& request = failed.request();
  if (failed.source().gives_way()) {
    log::info("seeder", "origin stopped, fetching again for another's callers",
              {{"digest", request.digest.text()}, {"image", request.image()}});
  } else {
    parts_.metrics.corrupt_layers.add();
    log::error("seeder", "origin layer corrupt, fetching again",
               {{"digest", request.digest.text()},
                {"image", request.image()},
                {"next", "repair the registry, or a proxy before it"}});
  }
  const bool had_swarm = failed.seeding() != nullptr;
  const Generation next = failed.generation() + (had_swarm ? 1 : 0);
  if (had_swarm) parts_.events.push(LayerRestarted{request.digest, next});
  return make_fetch(failed.openings().requests(failed.source().get()), {.generation = next, .asks_holders = false});
}

void Seeder::refuse(const SeedRequest& request, const Error& cause) {
  const Refusal refusal = refuse_fetch(parts_.metrics, request, cause);
  layers_.erase(request.digest);
  refusals_.store(request, refusal);
  parts_.events.push(LayerRefused{request, refusal});
}

// ---- swarms

SwarmEvents Seeder::swarm_events() {
  return [this](const Digest& digest, Generation generation, const swarm::Event& event) {
    on_swarm(digest, generation, event);
  };
}

void Seeder::on_swarm(const Digest& digest, Generation generation, const swarm::Event& event) {
  Seeding* const seeding = find_seeding(digest, generation);
  if (seeding == nullptr) return;
  if (std::holds_alternative<swarm::Ready>(event) && !seeding->info()) {
    seeding->note_ready();
    parts_.events.push(LayerKnown{*seeding->info()});
  }
  const auto* fetching = std::get_if<Fetching>(&layers_.at(digest));
  if (const auto* taken = std::get_if<swarm::PieceTaken>(&event)) {
    seeding->drop(taken->piece);
    if (fetching != nullptr) fetching->fetch->note_room();
  }
  const auto* failed = std::get_if<swarm::Failed>(&event);
  if (failed == nullptr) return;
  if (fetching != nullptr) {
    fetching->fetch->swarm_failed(failed->error);
  } else {
    seeded_failed(*seeding, failed->error);
  }
}

// A swarm that was ready fails when the disk does not give the bytes: the next request has the layer fetched anew.
void Seeder::seeded_failed(Seeding& seeding, const Error& cause) {
  const SeedRequest request = seeding.request();
  if (seeding.info() && parts_.store.drop(request.digest, seeding.file())) {
    log::error("seeder", "held layer unreadable, removed",
               {{"digest", request.digest.text()},
                {"image", request.image()},
                {"cause", cause.what},
                {"next", "look at the disk; the layer is pulled again"}});
  }
  seeding.leave();
  refuse(request, cause);
}

Seeding* Seeder::seeding_of(const Layer& layer) {
  if (const auto* fetching = std::get_if<Fetching>(&layer)) return fetching->fetch->seeding();
  if (const auto* seeded = std::get_if<Seeded>(&layer)) return seeded->seeding.get();
  return nullptr;
}

Seeding* Seeder::find_seeding(const Digest& digest, Generation generation) const {
  const auto found = layers_.find(digest);
  Seeding* const seeding = found == layers_.end() ? nullptr : seeding_of(found->second);
  return seeding != nullptr && seeding->generation() == generation ? seeding : nullptr;
}

bool Seeder::is_seeding(const Digest& digest, Generation generation) const {
  const Seeding* seeding = find_seeding(digest, generation);
  return seeding != nullptr && seeding->info();
}

std::optional<HashBatch> Seeder::batch(const Digest& digest, Generation generation, PieceIndex piece) {
  Seeding* const seeding = find_seeding(digest, generation);
  return seeding != nullptr ? seeding->batch_of(piece) : std::nullopt;
}

std::vector<Digest> Seeder::tick(const std::function<Members(const Digest&)>& members_of) {
  const Time now = parts_.clock.now();
  std::vector<Digest> idle;
  for (auto& [digest, layer] : layers_) {
    auto* const seeded = std::get_if<Seeded>(&layer);
    if (seeded == nullptr) continue;
    const Members members = members_of(digest);
    if (seeded->in_memory ? members.lacking : members.any) seeded->used_at = now;
    if (now - seeded->used_at < (seeded->in_memory ? leave_memory_after : leave_after)) continue;
    log::info("seeder", "idle swarm left",
              {{"digest", digest.text()}, {"image", seeded->seeding->request().image()}});
    idle.push_back(digest);
  }
  for (const Digest& digest : idle) remove(digest);
  start_waiting();
  std::erase_if(layers_, [&](const auto& item) {
    const auto* small = std::get_if<SmallReady>(&item.second);
    return small != nullptr && small->unstored && now - small->unstored->since >= small_in_memory;
  });
  refusals_.tick();
  return idle;
}

void Seeder::remove(const Digest& digest) {
  const auto found = layers_.find(digest);
  const auto* const seeded = found == layers_.end() ? nullptr : std::get_if<Seeded>(&found->second);
  if (seeded == nullptr) return;
  seeded->seeding->leave();
  layers_.erase(found);
}

// ---- questions

Seeder::Presence Seeder::presence(const Digest& digest) const {
  const auto found = layers_.find(digest);
  const bool is_known = found != layers_.end();
  if (is_known && !std::holds_alternative<Seeded>(found->second)) return Presence::coming;
  return is_known || parts_.store.holds(digest) ? Presence::here : Presence::absent;
}

std::vector<WaitingLayer> Seeder::waiting_for_origin() const {
  std::vector<WaitingLayer> waiting;
  for (const auto& [digest, layer] : layers_) {
    const auto* fetching = std::get_if<Fetching>(&layer);
    if (fetching == nullptr || !fetching->fetch->is_waiting(parts_.clock.now())) continue;
    waiting.push_back({digest, parts_.source.is_paced(fetching->fetch->request().repository.upstream)});
  }
  return waiting;
}

std::vector<SeededLayer> Seeder::layers() const {
  std::vector<SeededLayer> list;
  for (const auto& [digest, layer] : layers_) {
    const Seeding* seeding = seeding_of(layer);
    if (seeding == nullptr || !seeding->info()) continue;
    const PieceIndex pieces = PieceLayout(seeding->size()).count();
    const bool is_fetched = std::holds_alternative<Fetching>(layer);
    list.push_back({digest, seeding->size(), seeding->generation(), pieces, seeding->published(), is_fetched});
  }
  return list;
}

}  // namespace shoal::tracker::seeder
