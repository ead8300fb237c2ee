// Roster: the members of one swarm and how far each is. Pure logic.
//
// A member is joining until it listens under the swarm's name (its first Progress), then ready, at last complete. Only
// ready and complete members are named to others. A member is answered once the layer's size is known; it may be ready
// before that, when it started on the size that the manifest says. Threads: the loop.
#pragma once

#include <map>
#include <set>

#include "shared/control/messages.hpp"
#include "shared/layer/swarm_name.hpp"
#include "tracker/directory/peer_choice.hpp"

namespace shoal::tracker::directory {

enum class MemberState { joining, ready, complete };

struct Member {
  MemberState state = MemberState::joining;
  bool is_answered = false;           // was sent Joined
  std::uint64_t size_hint_bytes = 0;  // 0: none
  control::Source source{};           // that its join named; no upstream: it did not join
  Secret credential{};                // its caller's, until the layer has been fetched; never passed on
  bool has_credential = false;        // its caller has one, known or not
  std::uint32_t pieces = 0;           // of its latest Progress
  bool has_seeder = false;            // was told to dial the seeder
  std::uint32_t introduced_on = 0;    // the connection (Agent::connection) that carried its neighbours; 0: none yet
};

struct RosterCounts {
  std::size_t joining = 0;
  std::size_t ready = 0;
  std::size_t complete = 0;
};

class Roster {
 public:
  // The seeder serves at most so many members that are not complete; further ones have peers alone. Simulated with
  // 1,000 members: 12 places end after 1.92 times the bound, 48 after 1.73, 200 after 1.58 but with 1.9 copies sent.
  static constexpr std::size_t seeder_members = 48;
  // Holders that are asked to serve when a layer is joined: the members pass the pieces of a few copies on.
  static constexpr std::size_t served_by = 8;

  Generation generation() const { return generation_; }
  // A new generation: all members are joining again, without neighbours and without the seeder.
  void restart(Generation generation);

  Member& join(NodeId node, std::uint64_t size_hint_bytes);  // a known member keeps its state
  // Returns the members that have too few neighbours now and still lack pieces.
  std::vector<NodeId> remove(NodeId node);
  Member* find(NodeId node);
  const std::map<NodeId, Member>& members() const { return members_; }
  std::vector<NodeId> nodes() const;  // of all members
  RosterCounts counts() const;

  // The seeder is to be dialled by this member too. True at most once each generation.
  bool give_seeder(NodeId node);
  // One more holder is to serve; false once enough of them are here or on their way, or when this one is a member.
  bool ask_to_serve(NodeId node);
  bool knows(NodeId node) const { return members_.contains(node) || asked_to_serve_.contains(node); }
  // A member that lacks pieces; 0: none does.
  NodeId unfinished() const;

  PeerChoice& graph() { return graph_; }

 private:
  Generation generation_ = 0;
  std::map<NodeId, Member> members_;
  std::set<NodeId> asked_to_serve_;  // until they leave again
  PeerChoice graph_;
};

}  // namespace shoal::tracker::directory
