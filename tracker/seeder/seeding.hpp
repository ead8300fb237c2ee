// Seeding: one layer in its swarm, seeded by this tracker. Pieces are published as they come, their hashes signed in
// batches: at once when the last batch is old enough (20 ms at the start, where agents wait for something to do, then
// 100 ms), else together with the pieces that come until then.
//
// A batch travels with the first of its pieces to each agent that the seeder pushes one to. With 64 hashes of pieces of
// 64 KiB, one to each of 48 agents, that were 2.4 % of the seeder's uplink; with eight, and pieces pushed in twos, it
// is 0.3 %. Fewer would be less still, but each batch costs every agent the check of a signature: with one or two that
// was a quarter of an agent's work. Large pieces have more.
//
// Threads: the loop.
#pragma once

#include <map>

#include "shared/control/timing.hpp"
#include "tracker/seeder/parts.hpp"

namespace shoal::tracker::seeder {

// Ready and Failed are the events of a seeder's swarm. A swarm is told by its generation.
using SwarmEvents = std::function<void(const Digest&, Generation, const swarm::Event&)>;

class Seeding : public std::enable_shared_from_this<Seeding> {  // Shared: with the coroutine that publishes later
 public:
  // The first pieces are published sooner: until then no agent has a piece to pass on. docs/protocol.md, piece hashes.
  static constexpr Milliseconds first_batch_time{20};
  static constexpr PieceIndex first_pieces = 32;  // four batches of 8
  static constexpr Milliseconds batch_time = control::timing::hash_batch;

  Seeding(const Parts& parts, SeedRequest request, Generation generation, store::FileHandle file);

  void start(const SwarmEvents& events);  // joins the swarm
  void note_ready();                      // agents may be told of it
  // Consecutive pieces that are in the file now, from the first not published on.
  void add(const std::vector<Hash256>& hashes);
  void add_all(const std::vector<Hash256>& hashes);  // of a held layer: everything at once
  void flush();                                      // hashes that wait for their batch go now: the layer ended
  void finish(const std::vector<Hash256>& hashes);   // the digest matched: signs the list of all hashes
  void leave();                                      // nothing is published afterwards
  void note_upstreams(std::vector<std::string> upstreams) { upstreams_ = std::move(upstreams); }  // as of LayerInfo

  bool has_upstreams() const { return !upstreams_.empty(); }  // that agents were told of
  // For the agents; nothing before the swarm is ready, and after it was left.
  std::optional<LayerInfo> info() const;
  store::SideFile side(std::vector<Hash256> hashes) const;  // of the layer, to be stored with it
  const SeedRequest& request() const { return request_; }
  Generation generation() const { return generation_; }
  ByteCount size() const { return layout().layer_size(); }
  const store::PieceFile& file() const { return *file_; }
  void drop(PieceIndex piece) { file_->drop(piece); }  // of a window: agents hold it
  PieceIndex published() const { return next_; }
  // A batch that holds `piece`, as large as can be, for an agent that no peer passed it to; nothing when it was not
  // published yet.
  std::optional<HashBatch> batch_of(PieceIndex piece);

 private:
  static Task<void> publish_later(std::shared_ptr<Seeding> self, Milliseconds wait);
  const PieceLayout& layout() const { return file_->layout(); }

  struct Unpublished {
    std::vector<Hash256> hashes;  // from `next_` on
    bool is_scheduled = false;    // publish_later waits for its time
  };
  struct Batches {
    std::size_t size;                       // hashes; batches begin at its multiples
    std::map<PieceIndex, HashBatch> large;  // signed for agents that asked, by their first piece
  };

  const Parts& parts_;
  const SeedRequest request_;
  const Generation generation_;
  store::FileHandle file_;
  const SwarmName name_;
  PieceHashes hashes_;
  Batches batches_;
  Unpublished pending_;
  PieceIndex next_ = 0;  // first piece that is not published
  std::optional<Time> published_at_;
  std::optional<Signature> finished_;
  std::vector<std::string> upstreams_;
  enum class Phase { joining, ready, left } phase_ = Phase::joining;
};

}  // namespace shoal::tracker::seeder
