// Real swarms on the loopback interface: nodes with a Swarm each, all on one loop that the test runs.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "shared/swarm/swarm.hpp"
#include "tests/doubles/temporary_directory.hpp"

namespace shoal::swarm {

// A layer of pseudo-random bytes and its signed hashes.
struct TestLayer {
  explicit TestLayer(ByteCount size, std::uint8_t seed = 1);
  ByteView piece(PieceIndex index) const;
  PieceHashes hashes() const;  // all of them, in batches

  SigningKey key = SigningKey::generate();
  PieceLayout layout;
  SwarmName name{};
  Bytes bytes;
  std::vector<HashBatch> batches;
};

struct TestNode {
  TestNode(Loop& loop, const TestLayer& layer, std::string name, Options options = {});

  void join(Role role);         // `hold` and `seed` start with the whole layer in the file, `fetch` with nothing
  void join_cold();             // a seeder whose file is still empty
  void join_without_batches();  // a holder that knows all hashes from its side file only
  void make_unwritable();       // before it joins
  void publish(PieceIndex first, PieceIndex count, bool with_hashes = true);
  void connect(const TestNode& other);
  void tamper(PieceIndex index);  // flips a bit of the file behind the swarm's back
  bool complete() const { return arrived.complete(); }
  bool identical() const;  // the file is the layer

  Loop& loop;
  const TestLayer& layer;
  TemporaryDirectory directory;
  int descriptor;
  store::FileHandle file;
  SystemClock clock;
  Metrics metrics;
  Carrier carrier;
  Role role = Role::fetch;

  bool ready = false;
  PieceSet arrived;
  std::vector<PieceIndex> order;
  std::uint64_t events_after_leave = 0;
  bool left = false;
  std::vector<PieceRefused> refused;
  std::vector<Error> failures;
  std::vector<PieceIndex> wanted;  // hashes
  std::vector<bool> reached;       // whether each is a seeder
  std::vector<PeerAddress> not_reached;

 private:
  void join_with(Role as, PieceSet have, PieceHashes hashes);
  void on(const Event& event);
};

// Runs the loop until `condition` holds; false when that takes longer than `limit`.
template <class Condition>
bool until(Loop& loop, Condition condition, std::chrono::seconds limit = std::chrono::seconds(60)) {
  const auto work = asio::make_work_guard(loop);  // the loop waits rather than spins
  const auto deadline = std::chrono::steady_clock::now() + limit;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    loop.restart();
    loop.run_one_for(Milliseconds(20));
  }
  return true;
}

}  // namespace shoal::swarm
