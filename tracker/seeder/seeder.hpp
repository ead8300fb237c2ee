// Seeder: brings each requested layer into the cluster, once.
//
// The first request of an unknown layer starts exactly one fetch (LayerFetch); later ones attach to it, each with its
// source, which is asked when those before it fail or are silent. A held layer is seeded from the store. When the bytes of a
// fetch do not match the digest, or its registry stops in the middle and another caller's is asked, the layer is fetched once
// more under the next generation. The seeder keeps a table of layers and moves each from one state to the next:
//
//   Fetching -> Seeded         a large layer; Seeded is left after ten minutes without members
//   Fetching -> SmallReady     a small layer or a manifest, until the store has it, or for a minute without room there
//   any of them -> no entry    an error; its source's refusal is remembered for two seconds
// Threads: the loop.
#pragma once

#include <map>

#include "tracker/seeder/layer_fetch.hpp"
#include "tracker/seeder/remembered_refusals.hpp"

namespace shoal::tracker::seeder {

// Of the fetches at once, and of those that wait, for one registry: one that hangs leaves room for another's callers.
constexpr std::size_t most_of_one(std::size_t all) {
  return all / 4 * 3;
}

class Seeder {
 public:
  // Layers from origins at once, those of some images; further ones wait. Each has a connection, and up to 1 MiB of a
  // piece in memory, 64 MiB in all.
  static constexpr std::size_t largest_fetches = 64;
  static constexpr std::size_t most_waiting = 4'096;      // 4 MB of entries; more layers than a hundred images have
  // A thousand agents ask for what the origin just refused. Not while an agent holds the layer, and for no other caller.
  static constexpr Milliseconds remember_refusal = RememberedRefusals::keep;
  static constexpr Milliseconds leave_after{600'000};     // without members: a slow rollout has pauses
  // A layer in memory, once no member lacks pieces: the members hold it, and others need the memory.
  static constexpr Milliseconds leave_memory_after{10'000};
  static constexpr Milliseconds small_in_memory{60'000};  // a rollout's agents ask for it within some seconds

  struct Members {  // of the swarm of a layer
    bool any = false;
    bool lacking = false;  // pieces
  };

  enum class Presence {
    absent,
    coming,  // it is being fetched, or written to the store
    here,    // seeded, or held
  };

  explicit Seeder(Parts parts) : parts_(std::move(parts)), refusals_(parts_.clock) {}

  SeedResult request_layer(const SeedRequest& request);
  // A manifest that was read for another reason; `digest` is that of its bytes.
  void keep_manifest(const SeedRequest& request, Bytes bytes, std::string content_type);
  // Whether its swarm of this generation may be dialled.
  bool is_seeding(const Digest& digest, Generation generation) const;
  // A hash batch of a piece, when it was published under this generation.
  std::optional<HashBatch> batch(const Digest& digest, Generation generation, PieceIndex piece);
  // Each second: leaves the swarms that nobody needed for long. Returns them.
  std::vector<Digest> tick(const std::function<Members(const Digest&)>& members_of);

  Presence presence(const Digest& digest) const;
  // Of a small layer that may be served already and is not in the store yet; null else.
  std::shared_ptr<const SmallLayer> small(const Digest& digest) const;
  // Layers whose source sends nothing: the agents that asked for them receive `Waiting`.
  std::vector<WaitingLayer> waiting_for_origin() const;
  // The store does not hold the layer any more: its swarm is left.
  void remove(const Digest& digest);

  std::vector<SeededLayer> layers() const;

 private:
  struct Fetching {
    LayerFetch* fetch;  // owned by `waiting_`, then by the coroutine `run`, which takes it out of the table
  };
  struct SmallReady {
    std::shared_ptr<const SmallLayer> layer;  // Shared: as FetchedSmall
    struct Unstored {
      store::Reserved reserved;  // in memory
      Time since;
    };
    std::optional<Unstored> unstored{};  // the store had no room
  };
  struct Seeded {
    std::shared_ptr<Seeding> seeding;
    Time used_at;  // last time that its swarm had members, or in memory one that lacked pieces
    bool in_memory = false;
  };
  using Layer = std::variant<Fetching, SmallReady, Seeded>;

  SeedResult request_held(const SeedRequest& request, const store::HeldLayer& held);
  SeedResult request_from_origin(const SeedRequest& request);
  std::unique_ptr<LayerFetch> make_fetch(const std::vector<SeedRequest>& sources, LayerFetch::Attempt attempt);
  void start_waiting();
  Task<void> run(std::unique_ptr<LayerFetch> fetch);
  std::unique_ptr<LayerFetch> fetch_again(const LayerFetch& failed);
  void serve_small(const SeedRequest& request, const std::shared_ptr<const SmallLayer>& layer);
  Task<void> store_small(SeedRequest request, FetchedSmall fetched);
  SwarmEvents swarm_events();
  void on_swarm(const Digest& digest, Generation generation, const swarm::Event& event);
  void seeded_failed(Seeding& seeding, const Error& cause);
  void refuse(const SeedRequest& request, const Error& cause);
  static Seeding* seeding_of(const Layer& layer);  // null: it has no swarm
  Seeding* find_seeding(const Digest& digest, Generation generation) const;

  Parts parts_;
  std::map<Digest, Layer> layers_;
  RememberedRefusals refusals_;
  std::size_t running_ = 0;                          // fetches
  std::map<std::string, std::size_t> running_at_;    // by registry
  std::deque<std::unique_ptr<LayerFetch>> waiting_;  // for their turn
};

}  // namespace shoal::tracker::seeder
