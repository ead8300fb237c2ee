// LayerFetch: the one fetch of a layer, from its first request to the end: agents or origin -> store -> swarm, pieces
// flowing before the origin has finished.
//
// Callers that named other sources meanwhile have theirs asked when this one fails (openings.hpp).
// Pieces that an earlier fetch left in the store are rechecked and published first. A small layer or a manifest has no
// swarm.
// Threads: the loop; pieces are hashed and written on the pool.
#pragma once

#include "shared/core/signal.hpp"
#include "shared/store/filling.hpp"
#include "tracker/seeder/current_source.hpp"
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

  static constexpr origin::ResumeLimits origin_limits = Openings::limits;

  struct Attempt {
    Generation generation = 0;  // unless a partial layer of another one is resumed
    bool asks_holders = true;   // false after wrong bytes: the origins alone are asked then
  };
  struct Listeners {
    SwarmEvents on_swarm;             // events of its swarm
    Openings::OnRefused on_refused;  // a source has failed, and others are left
  };
  // `parts` outlives the fetch. `sources`: one or more, the first one is asked first.
  LayerFetch(const Parts& parts, const std::vector<SeedRequest>& sources, Attempt attempt, Listeners listeners);
  ~LayerFetch() { openings_->close(); }
  LayerFetch(const LayerFetch&) = delete;
  LayerFetch& operator=(const LayerFetch&) = delete;

  // Further callers' sources are added there: asked when the ones before fail or are silent.
  Openings& openings() const { return *openings_; }
  // The one in use; after an error it may give way to another registry's, which is to be asked for all of the layer under the
  // next generation.
  const CurrentSource& source() const { return source_; }

  // Once. An error ends the fetch: its swarm is left, and `corrupt` bytes are discarded.
  Task<Result<Fetched>> run();
  void swarm_failed(const Error& cause) { swarm_failure_ = cause; }  // the fetch ends with it
  void note_room() { room_.notify(); }                               // agents took a piece of the window

  const SeedRequest& request() const { return request_; }  // of the source in use, or the one that failed last
  Generation generation() const { return attempt_.generation; }
  Seeding* seeding() const { return seeding_.get(); }  // null before the size is known, and for a small layer
  // No bytes for a while: the origin sends nothing, is asked again later, or the fetch waits for its turn.
  bool is_waiting(Time now) const { return !arrived_.all && now - arrived_.last_at >= patience; }

 private:
  Task<Result<Fetched>> fetch();
  Task<void> resume();
  Task<void> recheck(std::vector<store::NotedPiece> noted);
  Task<Result<void>> open(std::uint64_t from);
  Task<Result<void>> take_over(Error cause);
  Result<void> make_room(ByteCount size);
  Task<Result<Fetched>> fetch_small();
  Task<Result<Fetched>> fetch_pieces();
  Task<Result<void>> take_all();
  Task<Result<void>> wait_for_room(ByteCount bytes);
  Task<void> store_layer(std::vector<Hash256> hashes, store::VerifiedLayer proof);
  void start_seeding();
  void clean_up(const Error& cause);
  ByteCount size() const { return reserved_->file()->layout().layer_size(); }

  const Parts& parts_;
  SeedRequest request_;
  Attempt attempt_;
  SwarmEvents on_swarm_;
  std::shared_ptr<Openings> openings_;
  CurrentSource source_;
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
