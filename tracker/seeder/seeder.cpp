#include "tracker/seeder/seeder.hpp"

#include "shared/crypto/signing.hpp"
#include "shared/log/log.hpp"

namespace shoal::tracker {
namespace {

bool is_empty_layer(const Digest& digest) {
  return digest == digest_of(digest.algorithm(), {});
}

control::Reason reason_of(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::not_found:
      return control::Reason::not_found;
    case ErrorKind::refused:
      return control::Reason::denied;
    case ErrorKind::unavailable:
    case ErrorKind::corrupt:
    case ErrorKind::no_space:
      return control::Reason::unavailable;
  }
  return control::Reason::unavailable;
}

}  // namespace

Generation random_generation() {
  return static_cast<Generation>(random_number() >> 33);  // the highest ones mean no swarm at all
}

Wish Seeder::want(const Wanted& wanted) {
  if (is_empty_layer(wanted.digest)) return LayerInfo{.digest = wanted.digest, .is_small = true};
  const auto found = layers_.find(wanted.digest);
  if (found != layers_.end()) {
    const Layer& layer = *found->second;
    const bool refused_just_now = layer.refusal && parts_.clock.now() - layer.used_at < remember_refusal;
    if (refused_just_now && layer.wanted.same_source(wanted)) return *layer.refusal;
    if (!layer.refusal) return layer.info ? Wish(*layer.info) : Wish(Pending{});
  }
  const auto held = parts_.store.find(wanted.digest);
  return held ? want_held(wanted, *held) : want_from_origin(wanted);
}

Wish Seeder::want_held(const Wanted& wanted, const store::HeldLayer& held) {
  const store::Side& side = held.side();
  // One that an agent gave has no content type.
  const bool is_manifest =
      !side.content_type.empty() || (wanted.kind == origin::Kind::manifest && held.size() <= origin::largest_manifest);
  if (held.size() <= small_layer_limit || is_manifest) {
    return LayerInfo{.digest = wanted.digest, .size = held.size(), .is_small = true, .content_type = side.content_type};
  }
  const LayerPtr layer = add_layer(wanted);
  layer->generation = side.generation;
  layer->is_fetching = false;
  layer->finished = sign_list(parts_.keys.signing, wanted.digest, held.size(), side.hashes);
  start_seeding(layer, held.file());
  layer->seeding->add_all(side.hashes);
  log::info("tracker", "seeding a held layer", {{"digest", wanted.digest.text()}});
  return Pending{};
}

Wish Seeder::want_from_origin(const Wanted& wanted) {
  const auto allowed = parts_.source.may_ask(wanted.repository.upstream);
  if (!allowed) return Refusal{control::Reason::upstream, allowed.error().what};
  if (!origin::is_repository_name(wanted.repository.name)) {
    return Refusal{control::Reason::not_found, "not a repository's name"};
  }
  if (waiting_.size() >= most_waiting)
    return Refusal{control::Reason::unavailable, "too many layers are being fetched"};
  const LayerPtr layer = add_layer(wanted);
  layer->generation = parts_.new_generation();
  waiting_.push_back(layer);
  start_waiting();
  return Pending{};
}

void Seeder::start_waiting() {
  for (; running_ < largest_fetches && !waiting_.empty(); waiting_.pop_front()) {
    ++running_;
    spawn(parts_.loop, run(waiting_.front()));
  }
}

Seeder::LayerPtr Seeder::add_layer(const Wanted& wanted) {
  const Time now = parts_.clock.now();
  auto layer = std::make_shared<Layer>(Layer{.wanted = wanted, .used_at = now, .moved_at = now});
  layers_[wanted.digest] = layer;
  return layer;
}

void Seeder::keep(const Digest& digest, Bytes bytes, std::string content_type) {
  if (layers_.contains(digest) || parts_.store.find(digest)) return;
  const LayerPtr layer = add_layer(Wanted{digest, origin::Kind::manifest, {}});
  spawn(parts_.loop, store_kept(layer, std::move(bytes), std::move(content_type)));
}

bool Seeder::is_seeding(const Digest& digest, Generation generation) const {
  const auto found = layers_.find(digest);
  return found != layers_.end() && found->second->info && found->second->generation == generation;
}

std::optional<HashBatch> Seeder::batch(const Digest& digest, Generation generation, PieceIndex piece) {
  const auto found = layers_.find(digest);
  if (found == layers_.end()) return std::nullopt;
  Layer& layer = *found->second;
  if (!layer.seeding || layer.generation != generation) return std::nullopt;
  return layer.seeding->batch_of(piece);
}

std::vector<Digest> Seeder::tick(const std::function<bool(const Digest&)>& has_members) {
  std::vector<Digest> left;
  const Time now = parts_.clock.now();
  std::erase_if(layers_, [&](auto& item) {
    Layer& layer = *item.second;
    if (layer.refusal) return now - layer.used_at >= remember_refusal;
    if (layer.is_fetching || has_members(item.first)) layer.used_at = now;
    if (now - layer.used_at < leave_after) return false;
    log::info("tracker", "leaving an idle swarm", {{"digest", item.first.text()}});
    drop(layer);
    left.push_back(item.first);
    return true;
  });
  return left;
}

bool Seeder::is_fetching(const Digest& digest) const {
  const auto found = layers_.find(digest);
  return found != layers_.end() && found->second->is_fetching;
}

std::shared_ptr<const SmallLayer> Seeder::small(const Digest& digest) const {
  const auto found = layers_.find(digest);
  return found == layers_.end() ? nullptr : found->second->small;
}

std::vector<Digest> Seeder::waiting_for_origin() const {
  std::vector<Digest> waiting;
  for (const auto& [digest, layer] : layers_) {
    const bool has_all = layer->finished || layer->small;
    if (layer->is_fetching && !has_all && parts_.clock.now() - layer->moved_at >= patient) waiting.push_back(digest);
  }
  return waiting;
}

void Seeder::forget(const Digest& digest) {
  const auto found = layers_.find(digest);
  if (found == layers_.end() || found->second->is_fetching) return;
  drop(*found->second);
  layers_.erase(found);
}

std::vector<SeededLayer> Seeder::layers() const {
  std::vector<SeededLayer> list;
  for (const auto& [digest, layer] : layers_) {
    if (layer->refusal || !layer->info || layer->small) continue;
    const ByteCount size = layer->info->size;
    const PieceIndex published = layer->seeding ? layer->seeding->published() : 0;
    list.push_back({digest, size, layer->generation, PieceLayout(size).count(), published, layer->is_fetching});
  }
  return list;
}

void Seeder::start_seeding(const LayerPtr& layer, std::shared_ptr<store::PieceFile> file) {
  const Digest& digest = layer->wanted.digest;
  const SwarmName name = name_of(*layer, file->layout());
  layer->seeding = std::make_shared<Seeding>(
      Seeding::Parts{parts_.loop, parts_.clock, parts_.swarm, parts_.keys.signing}, digest, name, std::move(file));
  parts_.metrics.seeding_layers.add(1);
  layer->seeding->start([this, weak = std::weak_ptr(layer), seeding = std::weak_ptr(layer->seeding)](auto event) {
    const LayerPtr alive = weak.lock();
    if (alive && alive->seeding == seeding.lock()) on_swarm(alive, event);
  });
}

void Seeder::on_swarm(const LayerPtr& layer, const swarm::Event& event) {
  if (const auto* failed = std::get_if<swarm::Failed>(&event)) {
    layer->broken = failed->error;
    if (layer->is_fetching) return;  // the fetch ends with it
    // It was ready, so it is the disk that does not give the bytes: whoever wants the layer next has it fetched anew.
    if (layer->info && parts_.store.drop(layer->wanted.digest, layer->seeding->file())) {
      log::error("tracker", "a held layer cannot be read, and is removed", {{"digest", layer->wanted.digest.text()}});
    }
    return refuse(*layer, failed->error);
  }
  if (!std::holds_alternative<swarm::Ready>(event) || layer->info) return;
  layer->info = LayerInfo{.digest = layer->wanted.digest,
                          .size = layer->seeding->size(),
                          .generation = layer->generation,
                          .finished = layer->finished};
  events_.known(*layer->info);
}

void Seeder::restart(Layer& layer) {
  parts_.metrics.corrupt_layers.add();
  log::error("tracker", "the origin's bytes do not match the digest, fetching again",
             {{"digest", layer.wanted.digest.text()}, {"upstream", layer.wanted.repository.upstream}});
  const auto giver = layer.source ? layer.source->only_giver() : std::nullopt;
  if (giver) events_.gave_wrong_bytes(*giver);
  const bool had_swarm = layer.seeding != nullptr;
  if (layer.reserved) layer.reserved->discard();
  drop(layer);
  layer.info.reset();
  layer.broken.reset();
  if (!had_swarm) return;
  ++layer.generation;
  events_.restarted(layer.wanted.digest, layer.generation);
}

void Seeder::refuse(Layer& layer, const Error& cause) {
  parts_.metrics.origin_failures.add();
  log::warning("tracker", "a layer cannot be had",
               {{"digest", layer.wanted.digest.text()}, {"kind", text(cause.kind)}, {"cause", cause.what}});
  if (cause.kind == ErrorKind::corrupt && layer.reserved)
    layer.reserved->discard();  // a later fetch must not go on there
  drop(layer);
  layer.info.reset();
  layer.is_fetching = false;
  layer.used_at = parts_.clock.now();
  layer.refusal = Refusal{reason_of(cause.kind), cause.what, cause.retry_after};
  events_.refused(layer.wanted, *layer.refusal);
}

// Leaves the swarm and gives the reservation back.
void Seeder::drop(Layer& layer) {
  if (layer.seeding) {
    layer.seeding->leave();
    parts_.metrics.seeding_layers.add(-1);
  }
  layer.seeding.reset();
  layer.reader.reset();
  layer.source.reset();
  layer.intake.reset();
  layer.small.reset();
  layer.reserved.reset();
}

SwarmName Seeder::name_of(const Layer& layer, const PieceLayout& layout) const {
  return swarm_name(parts_.keys.swarm, layer.wanted.digest, layout, layer.generation);
}

}  // namespace shoal::tracker
