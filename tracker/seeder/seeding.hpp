// Seeding: one layer in its swarm, seeded by this tracker. Pieces are published as they come, their hashes signed in
// batches: at once when the last batch is 20 ms old, else together with what comes until then, at most 64.
//
// Threads: the loop.
#pragma once

#include "shared/core/clock.hpp"
#include "shared/swarm/swarm.hpp"

namespace shoal::tracker {

class Seeding : public std::enable_shared_from_this<Seeding> {
 public:
  static constexpr Milliseconds batch_time{20};

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
  PieceIndex published() const { return next_; }
  // The batch that holds `piece`, for an agent that no peer passed it to; nullptr when it was not published yet.
  const HashBatch* batch_of(PieceIndex piece) const;

 private:
  static Task<void> publish_later(std::shared_ptr<Seeding> self, Milliseconds wait);

  Parts parts_;
  std::string digest_text_;
  SwarmName name_;
  std::shared_ptr<store::PieceFile> file_;
  PieceHashes hashes_;
  std::vector<Hash256> pending_;
  PieceIndex next_ = 0;  // first piece that is not published
  std::optional<Time> published_at_;
  bool waiting_ = false;
  bool left_ = false;
};

}  // namespace shoal::tracker
