// Seeder: brings a wanted layer into the cluster, once: origin -> store -> swarm, pieces flowing before the origin has
// finished.
//
// The first `want` of an unknown layer starts exactly one origin fetch; later ones attach to it. A held layer is seeded
// from the store. Small layers and manifests skip the swarm: they are fetched whole, verified and stored. When the
// origin's bytes do not match the digest, everything is dropped and fetched once more under the next generation.
// Threads: the loop.
#pragma once

#include <deque>
#include <map>
#include <variant>

#include "shared/control/messages.hpp"
#include "shared/control/timing.hpp"
#include "shared/core/pool.hpp"
#include "shared/store/store.hpp"
#include "tracker/seeder/holders_first.hpp"
#include "tracker/seeder/intake.hpp"
#include "tracker/seeder/keys.hpp"
#include "tracker/seeder/origin_reader.hpp"
#include "tracker/seeder/seeding.hpp"

namespace shoal::tracker {

// A layer that may be joined now.
struct LayerInfo {
  Digest digest;
  ByteCount size{};
  Generation generation = 0;
  bool is_small = false;                // to be fetched by HTTP, from the store or `small`; else in its swarm
  std::string content_type{};           // of a manifest
  std::optional<Signature> finished{};  // over the whole list of piece hashes, once the digest matched
};

struct Refusal {
  control::Reason reason;
  std::string what;
  Milliseconds retry_after{0};  // the origin asks not to be asked for so long; 0: it did not say
};

struct Pending {};  // an event will tell
using Wish = std::variant<Pending, LayerInfo, Refusal>;

// What the seeder tells whoever wants layers.
class SeederEvents {
 public:
  virtual ~SeederEvents() = default;
  virtual void known(const LayerInfo& layer) = 0;
  virtual void restarted(const Digest& digest, Generation generation) = 0;  // `known` follows
  virtual void finished(const LayerInfo& layer) = 0;
  // Its swarm is left. Whoever names another source may want it again at once.
  virtual void refused(const Wanted& wanted, const Refusal& refusal) = 0;
  // Where agents give a layer that the store does not have: asked before the origin is.
  virtual std::deque<control::Endpoint> holders(const Digest& digest) = 0;
  virtual void gave_wrong_bytes(const control::Endpoint& holder) = 0;
};

// A small layer's verified bytes, while they are being made durable: on a busy disk that takes longer than all the
// rest.
struct SmallLayer {
  Bytes bytes;
  std::string content_type;  // of a manifest
};

struct SeededLayer {  // for people who look
  Digest digest;
  ByteCount size{};
  Generation generation = 0;
  PieceIndex pieces = 0;
  PieceIndex published_pieces = 0;
  bool is_fetching = false;
};

Generation random_generation();  // far from the last one

class Seeder {
 public:
  static constexpr std::size_t largest_fetches = 64;  // layers from origins at once; further ones wait
  static constexpr std::size_t most_waiting = 4'096;
  static constexpr Milliseconds remember_refusal{2'000};  // a thousand agents ask for what the origin just refused
  static constexpr Milliseconds leave_after{600'000};     // without members
  static constexpr Milliseconds patient = control::timing::first_waiting;

  struct Parts {
    Loop& loop;
    Clock& clock;
    Pool& pool;
    store::Store& store;
    swarm::Swarm& swarm;
    LayerSource& source;
    const Keys& keys;
    Pace& pace;
    SeederMetrics& metrics;
    // Of a fetch that goes on from nothing. A tracker that lost its memory must not call another stream by a name that
    // agents still have pieces of: what they offered then would be wrong, and they would be banned for it.
    Generation (*new_generation)() = random_generation;
  };
  Seeder(Parts parts, SeederEvents& events) : parts_(parts), events_(events) {}

  Wish want(const Wanted& wanted);
  // A manifest that was read for another reason, and hashes to `digest`.
  void keep(const Digest& digest, Bytes bytes, std::string content_type);
  // Whether its swarm of this generation may be dialled.
  bool is_seeding(const Digest& digest, Generation generation) const;
  // A hash batch of a piece, when it was published under this generation.
  std::optional<HashBatch> batch(const Digest& digest, Generation generation, PieceIndex piece);
  // Each second: leaves the swarms that had no members for long. Returns them.
  std::vector<Digest> tick(const std::function<bool(const Digest&)>& has_members);

  bool is_fetching(const Digest& digest) const;
  // Of a small layer that may be fetched already and is not in the store yet; null else.
  std::shared_ptr<const SmallLayer> small(const Digest& digest) const;
  // Layers that whoever wants them must wait for: the origin has given nothing for a second, or is asked later.
  std::vector<Digest> waiting_for_origin() const;
  // Leaves the swarm of a layer that the store does not hold any more.
  void forget(const Digest& digest);

  std::vector<SeededLayer> layers() const;

 private:
  struct Layer {
    Wanted wanted;
    Generation generation = 0;
    std::optional<LayerInfo> info{};  // once it may be joined
    std::optional<Refusal> refusal{};
    bool is_fetching = true;
    Time used_at{};                          // or refused at
    Time moved_at{};                         // the last bytes of the origin
    std::unique_ptr<HoldersFirst> source{};  // of the reader
    std::unique_ptr<OriginReader> reader{};
    bool asked_holders = false;
    std::optional<store::Reserved> reserved{};
    std::shared_ptr<Intake> intake{};
    std::shared_ptr<Seeding> seeding{};
    std::shared_ptr<const SmallLayer> small{};
    std::optional<Error> broken{};        // the swarm cannot go on
    std::optional<Signature> finished{};  // once the digest matched
  };
  using LayerPtr = std::shared_ptr<Layer>;

  Wish want_held(const Wanted& wanted, const store::HeldLayer& held);
  Wish want_from_origin(const Wanted& wanted);
  LayerPtr add_layer(const Wanted& wanted);
  void start_waiting();

  Task<void> run(LayerPtr layer);
  Task<Result<void>> fetch(LayerPtr layer);
  Task<Result<void>> fetch_small(LayerPtr layer);
  Task<Result<void>> fetch_pieces(LayerPtr layer);
  Task<void> take_up(LayerPtr layer);
  Task<Result<void>> open_origin(LayerPtr layer, std::uint64_t from);
  Task<Result<void>> open_next(LayerPtr layer, std::uint64_t from);
  Task<Result<void>> take_all(LayerPtr layer, std::shared_ptr<Intake> intake);
  Task<void> store_kept(LayerPtr layer, Bytes bytes, std::string content_type);
  Task<Result<void>> store_small(LayerPtr layer, Bytes bytes, std::string content_type);
  Task<void> store_layer(LayerPtr layer, std::vector<Hash256> hashes, store::VerifiedLayer proof);

  void start_seeding(const LayerPtr& layer, std::shared_ptr<store::PieceFile> file);
  void on_swarm(const LayerPtr& layer, const swarm::Event& event);
  void restart(Layer& layer);
  void refuse(Layer& layer, const Error& cause);
  void drop(Layer& layer);
  SwarmName name_of(const Layer& layer, const PieceLayout& layout) const;

  Parts parts_;
  SeederEvents& events_;
  std::map<Digest, LayerPtr> layers_;
  std::size_t running_ = 0;       // fetches
  std::deque<LayerPtr> waiting_;  // for their turn
};

}  // namespace shoal::tracker
