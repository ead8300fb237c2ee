#include "tracker/core.hpp"

namespace shoal::tracker {
namespace {

std::optional<origin::NamedManifest> find_manifest(store::Store& store, const Digest& digest) {
  const auto held = store.holds(digest) ? store.find(digest) : std::nullopt;
  if (!held) return std::nullopt;
  return origin::NamedManifest{digest, held->size().value, held->side().content_type};
}

}  // namespace

Core::Core(const Parts& parts, Coordinator::Options options)
    : directory_(parts.random),
      reachability_(directory_),
      trust_(directory_, reachability_),
      small_sources_(directory_, reachability_, parts.random),
      probes_({parts.loop, parts.clock, directory_, reachability_, parts.metrics.coordinator.probes, parts.connect}),
      events_(parts.loop),
      origins_{KnownLayers(parts.clock), QuestionSlots(parts.loop, parts.clock), NotingSource(parts.source, origins_.known)},
      seeder_({.loop = parts.loop,
               .clock = parts.clock,
               .pool = parts.pool,
               .store = parts.store,
               .swarm = parts.swarm,
               .source = origins_.source,
               .keys = parts.keys,
               .pace = parts.pace,
               .metrics = parts.metrics.seeder,
               .events = events_,
               .find_holders = [this, &clock = parts.clock](const Digest& digest) {
                 return trust_.holders_to_read(digest, clock.now());
               },
               .swarms = {.new_generation = parts.swarms.new_generation,
                          .most = parts.swarms.most,
                          .is_needed = [this](const Digest& digest) { return coordinator_.needs_pieces(digest); }}}),
      resolver_({.loop = parts.loop,
                 .clock = parts.clock,
                 .pool = parts.pool,
                 .source = parts.source,
                 .slots = origins_.slots,
                 .known = origins_.known,
                 .metrics = parts.metrics.resolver,
                 .keep = keeper(),
                 .find_held = [&store = parts.store](const Digest& digest) { return find_manifest(store, digest); }}),
      checks_({.loop = parts.loop,
               .clock = parts.clock,
               .pool = parts.pool,
               .source = parts.source,
               .slots = origins_.slots,
               .known = origins_.known,
               .metrics = parts.metrics.checks,
               .keep = keeper()}),
      coordinator_({.clock = parts.clock,
                    .keys = parts.keys,
                    .directory = directory_,
                    .reachability = reachability_,
                    .trust = trust_,
                    .small_sources = small_sources_,
                    .probes = probes_,
                    .events = events_,
                    .seeder = seeder_,
                    .resolver = resolver_,
                    .checks = checks_,
                    .metrics = parts.metrics.coordinator},
                   std::move(options)) {
  connect(parts.store);
}

// The calls from a part to one that is made after it.
void Core::connect(store::Store& store) {
  events_.on_waiting([this] { coordinator_.take_seeder_events(); });
  store.ask_before_evicting([this](const Digest& digest) { return coordinator_.may_evict(digest); },
                            [this](const Digest& digest) { seeder_.remove(digest); });
}

Checks::Keep Core::keeper() {
  return [this](const seeder::SeedRequest& manifest, Bytes bytes, std::string content_type) {
    seeder_.keep_manifest(manifest, std::move(bytes), std::move(content_type));
  };
}

}  // namespace shoal::tracker
