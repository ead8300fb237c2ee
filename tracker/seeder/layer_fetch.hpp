// LayerFetch: the one fetch of a layer, from its first request to the end: agents or origin -> store -> swarm, pieces
// flowing before the origin has finished.
//
// Pieces that an earlier fetch left in the store are rechecked and published first. A small layer or a manifest has no
// swarm.
// Threads: the loop; pieces are hashed and written on the pool.
#pragma once

#include "shared/control/timing.hpp"
#include "shared/core/signal.hpp"
#include "shared/store/filling.hpp"
#include "tracker/seeder/peers_then_origin.hpp"
#include "tracker/seeder/seeding.hpp"

namespace shoal::tracker::seeder {

struct FetchedSmall {  // the digest matched; not durable yet
  std::shared_ptr<const SmallLayer> layer;  // Shared: with the pool's write and with answers that are being sent
  store::Reserved reserved;
};
struct FetchedPieces {  // the digest matched; durable, unless the store failed or had no room, and seeded in any case
  std::shared_ptr<Seeding> seeding;
  bool in_memory = false;  // the store had no room
};
using Fetched = std::variant<FetchedSmall, FetchedPieces>;

class LayerFetch {
 public:
  // Without bytes, before the agents are told to wait.
  static constexpr Milliseconds patience = control::timing::first_waiting;

  // A layer in a window of memory, of which no agent takes a piece for so long: shorter than the agents' own patience, so
  // that they are told why.
  static constexpr Milliseconds longest_without_room{4'000};
  static_assert(longest_without_room < control::timing::swarm_silence);

  // Many agents wait for one fetch, so that it is patient; an agent's own limits are in agent/pull/origin_source.hpp.
  static constexpr origin::ResumeLimits origin_limits{
      .open_time = control::timing::keep_asking,  // then the agents hear how the origin failed
      // Soon after a first failure, which may have been chance; a registry that restarts needs seconds.
      .open_backoff = {.first = Milliseconds(100), .growth = 3, .longest = Milliseconds(3'000)},
      // A large layer over a poor link breaks off often: as long as each body brings something, the fetch goes on. A
      // connection or two may break by chance; an origin that sends nothing three times does not send the layer.
      .empty_bodies = 3,
      .body_backoff = {.first = Milliseconds(100), .growth = 1, .longest = Milliseconds(100)},
  };

  struct Attempt {
    Generation generation = 0;  // unless a partial layer of another one is resumed
    bool asks_holders = true;   // false after wrong bytes: the origin alone is asked then
  };
  // `parts` outlives the fetch. `on_swarm` is called for the events of its swarm.
  LayerFetch(const Parts& parts, SeedRequest request, Attempt attempt, SwarmEvents on_swarm);

  // Once. An error ends the fetch: its swarm is left, and `corrupt` bytes are discarded.
  Task<Result<Fetched>> run();
  void swarm_failed(const Error& cause) { swarm_failure_ = cause; }  // the fetch ends with it
  void note_room() { room_.notify(); }                               // agents took a piece of the window

  const SeedRequest& request() const { return request_; }
  Generation generation() const { return attempt_.generation; }
  Seeding* seeding() const { return seeding_.get(); }  // null before the size is known, and for a small layer
  // No bytes for a while: the origin sends nothing, is asked again later, or the fetch waits for its turn.
  bool is_waiting(Time now) const { return !arrived_.all && now - arrived_.last_at >= patience; }

 private:
  Task<Result<Fetched>> fetch();
  Task<void> resume();
  Task<void> recheck(std::vector<store::NotedPiece> noted);
  Task<Result<void>> open();
  Task<Result<void>> open_next(std::uint64_t from);
  Result<void> make_room(ByteCount size);
  Result<void> check_size(ByteCount size) const;
  Task<Result<Fetched>> fetch_small();
  Task<Result<Fetched>> fetch_pieces();
  Task<Result<void>> take_all();
  Task<Result<void>> wait_for_room(ByteCount bytes);
  Task<void> store_layer(std::vector<Hash256> hashes, store::VerifiedLayer proof);
  void start_seeding();
  void clean_up(const Error& cause);
  ByteCount size() const { return reserved_->file()->layout().layer_size(); }

  const Parts& parts_;
  const SeedRequest request_;
  Attempt attempt_;
  SwarmEvents on_swarm_;
  std::optional<PeersThenOrigin> source_;         // once it is asked
  std::optional<origin::ResumingStream> stream_;  // of `source_`, until its last byte
  std::optional<store::Reserved> reserved_;
  std::shared_ptr<store::Filling> filling_;  // Shared: with the pool's work, which may outlive this object at the end
  std::shared_ptr<Seeding> seeding_;         // Shared: as FetchedPieces
  std::optional<Error> swarm_failure_;
  struct Arrived {
    Time last_at;      // at first: when it was requested
    bool all = false;  // and the digest matched
  };
  Arrived arrived_;
  Signal room_;
};

}  // namespace shoal::tracker::seeder
