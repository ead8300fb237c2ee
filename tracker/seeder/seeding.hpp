// Seeding: one layer in its swarm, seeded by this tracker. Pieces are published as they come, their hashes signed in
// batches: at once when the last batch is old enough (20 ms at the start, where agents wait for something to do, then
// 100 ms), else together with what comes until then.
//
// A batch travels with the first of its pieces to each agent that the seeder pushes one to. With 64 hashes of pieces of
// 64 KiB, one to each of 48 agents, that were 2.4 % of the seeder's uplink; with eight, and pieces pushed in twos, it
// is 0.3 %. Fewer would be less still, but each batch costs every agent the check of a signature: with one or two that
// was a quarter of what an agent worked. Large pieces have more.
//
// Threads: the loop.
#pragma once

#include <map>

#include "shared/control/timing.hpp"
#include "shared/core/clock.hpp"
#include "shared/swarm/swarm.hpp"

namespace shoal::tracker {

class Seeding : public std::enable_shared_from_this<Seeding> {
 public:
  static constexpr Milliseconds first_batch_time{20};
  static constexpr PieceIndex first_pieces = 32;
  static constexpr Milliseconds batch_time = control::timing::hash_batch;

  struct Parts {
    Loop& loop;
    Clock& clock;
    swarm::Swarm& swarm;
    const SigningKey& key;
  };
  Seeding(Parts parts, const Digest& digest, SwarmName name, std::shared_ptr<store::PieceFile> file);

  // Joins the swarm. `events`: Ready and Failed are what a seeder hears.
  void start(std::function<void(swarm::Event)> events);
  // Consecutive pieces that are in the file now, from the first not published on.
  void add(const std::vector<Hash256>& hashes);
  void add_all(const std::vector<Hash256>& hashes);  // of a held layer: everything at once
  void flush();                                      // what waits for its batch goes now: the layer ended
  void leave();                                      // nothing is published afterwards

  ByteCount size() const { return file_->layout().layer_size(); }
  const store::PieceFile& file() const { return *file_; }
  PieceIndex published() const { return next_; }
  // A batch that holds `piece`, as large as can be, for an agent that no peer passed it to; nothing when it was not
  // published yet.
  std::optional<HashBatch> batch_of(PieceIndex piece);

 private:
  static Task<void> publish_later(std::shared_ptr<Seeding> self, Milliseconds wait);

  Parts parts_;
  std::string digest_text_;
  SwarmName name_;
  std::shared_ptr<store::PieceFile> file_;
  PieceHashes hashes_;
  const std::size_t batch_;  // hashes; batches begin at its multiples
  std::vector<Hash256> pending_;
  std::map<PieceIndex, HashBatch> large_;  // signed for agents that asked, by their first piece
  PieceIndex next_ = 0;                    // first piece that is not published
  std::optional<Time> published_at_;
  bool waiting_ = false;
  bool left_ = false;
};

}  // namespace shoal::tracker
