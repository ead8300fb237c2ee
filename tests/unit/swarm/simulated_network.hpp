// A swarm of policies without sockets: each node has an uplink that sends one piece after the other, every message
// takes one millisecond. Deterministic; time is simulated.
//
// Faults: a node may die (its connections end), freeze (it neither answers nor hears, its connections stay), be corrupt
// (its pieces do not match their hashes), or trickle (its uplink is much slower).
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <vector>

#include "shared/swarm/policy/policy.hpp"
#include "shared/swarm/swarm.hpp"
#include "tests/doubles/timetable.hpp"

namespace shoal::swarm {

class SimulatedNetwork {
 public:
  explicit SimulatedNetwork(PieceIndex pieces) : pieces_(pieces) {}

  struct Node {
    std::unique_ptr<Policy> policy;
    Role role = Role::fetch;
    int zone = 0;  // none
    bool alive = true;
    bool frozen = false;
    bool is_corrupt = false;
    int piece_milliseconds = 10;  // on its uplink
    Time uplink_free{};
    std::vector<int> sent;          // times, per piece
    std::vector<PieceIndex> order;  // of arrival
    int duplicates = 0;
    int bad = 0;
    Time completed{};
  };

  std::size_t add(Role role, bool whole = false, int zone = 0);
  void link(std::size_t a, std::size_t b);
  void mesh();  // all with all
  void publish(std::size_t seeder, PieceIndex piece);
  void die(std::size_t node);
  void at(Milliseconds when, std::function<void()> what);
  // Until every living, thawed fetcher is complete, or `limit` of simulated time; true in the first case.
  bool run(Milliseconds limit = std::chrono::minutes(5));

  Node& operator[](std::size_t node) { return nodes_[node]; }
  int milliseconds() const { return static_cast<int>(std::chrono::duration_cast<Milliseconds>(now_ - Time{}).count()); }
  int sent_in_all(std::size_t node) const;
  int most_copies(std::size_t node) const;          // of one piece
  int entered(int zone) { return entered_[zone]; }  // pieces sent into the zone from outside

 private:
  bool hears(std::size_t node) const { return nodes_[node].alive && !nodes_[node].frozen; }
  void act(std::size_t node);
  void send_piece(std::size_t from, std::size_t to, PieceIndex piece);
  void arrive(std::size_t from, std::size_t to, PieceIndex piece);
  bool all_done() const;

  PieceIndex pieces_;
  std::vector<Node> nodes_;
  std::map<int, int> entered_;
  std::map<std::pair<std::size_t, std::size_t>, bool> links_;
  Timetable timetable_;
  Time now_{};
};

}  // namespace shoal::swarm
