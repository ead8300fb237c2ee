// Policy: which piece goes where in one swarm. Pure: no network, no clock of its own, no randomness; whoever drives it
// tells it what happened and carries out what `decide` answers.
//
// Source: the scheme measured in evidence/swarm_policy.md (1.087 x size/rate for 12 nodes). An agent keeps pieces
// outstanding at every neighbour, each piece asked of one peer: the next one that a reader waits for, then rare ones
// first, then in order. The seeder pushes each piece once, in order, to the peer that was given least; when every piece
// is out it offers all and serves like any holder.
//
// Zones (racks behind a link that is narrower than its nodes' together): a piece that is in our zone is asked for
// there, and of the others each is fetched from outside by one node of the zone, the one that a hash of both says, so
// that about one copy crosses the link (evidence/rollout_model.md 3.5: 1.00 copies where unaware choice takes as many
// as there are nodes). Who is left with nothing to do for longer than a piece takes asks wherever it is: an owner may
// be stuck, or see nobody that has it.
//
// Threads: one owner.
#pragma once

#include <deque>
#include <map>
#include <set>
#include <variant>
#include <vector>

#include "shared/core/clock.hpp"
#include "shared/layer/piece_set.hpp"
#include "shared/swarm/bans.hpp"
#include "shared/swarm/mesh.hpp"
#include "shared/swarm/role.hpp"

namespace shoal::swarm {

using PeerId = std::uint32_t;  // one connection

struct PieceRange {
  PieceIndex first = 0;
  PieceIndex count = 0;
  template <class C>
  static void fields(C& codec, PieceRange& m) {
    codec.field(m.first), codec.field(m.count);
  }
  friend bool operator==(const PieceRange&, const PieceRange&) = default;
};

std::vector<PieceRange> ranges_of(std::vector<PieceIndex> pieces);  // sorted, neighbours joined

struct Ask {
  PeerId peer;
  PieceIndex piece;
};
struct Push {
  PeerId peer;
  PieceIndex piece;
};
struct Offer {
  PeerId peer;
  std::vector<PieceRange> ranges;
};
using Action = std::variant<Ask, Push, Offer>;

enum class Nearness : std::uint8_t {
  nowhere,  // we have no zone: all peers are alike
  near,     // in our zone
  far,      // in another one, or in none, as the tracker
};

struct Newcomer {
  bool is_seeder = false;
  Nearness nearness = Nearness::nowhere;
  std::uint64_t identity = 0;  // of its node, the same wherever it is computed
};

struct PolicyLimits {
  std::size_t asks_in_all = 12;   // shared out over the peers that offer something: measured with 11 neighbours, 1 each
  std::size_t asks_per_peer = 4;  // a lone pair needs some to fill the line
  std::size_t asks_at_seeder = 2;  // at least, once it offers everything; more queue up there and make the tail
  std::size_t pushes = 16;         // undelivered in all, up to full_mesh_members peers; 24 above (measured at 12 and 32)
  std::size_t pushes_above_mesh = 24;
  // Of fresh peers, whose acknowledgements come at once: all on their way share the uplink, and with 16 the first one
  // would take as long as all. Each acknowledgement allows one more.
  std::size_t pushes_at_start = 4;
  std::size_t pushes_per_peer = 2;  // at least; a few peers share 8
  Milliseconds patience{2000};      // DESIGN section 6: what a silent peer owes is given to another within 2 s
  int patience_factor = 4;          // or that often the time a piece usually takes
  Milliseconds offer_interval{10};  // offers to one peer are batched: 1.4 % of the uplink without (evidence)
  // A seeder waits for word of its own pushes alone, which goes at once. With the others' 48 agents took 2.4 % of its
  // uplink for TCP's acknowledgements.
  Milliseconds offer_interval_to_seeder{1000};
  // A piece that a peer keeps for that often the time pieces usually take, and this at least, is asked of a second one
  // that has nothing else to do: what trickles holds up nobody, and costs a duplicate at most.
  int hedge_factor = 4;
  Milliseconds hedge_least{250};
  int slow_factor = 4;  // a peer that takes that often what is usual: one piece at a time, and no more patience for it
  // A peer that takes less for a piece feels it when the kernel holds back our small messages for the acknowledgement
  // of an earlier one, 40 ms: a pair over loopback had 16 MB/s instead of 300. Where links are slower than that, one
  // packet for several messages is worth more: 12 nodes at 20 Mbit/s took 1.081 instead of 1.091 x size/rate.
  Milliseconds quick{100};
  Milliseconds idle{500};  // at least: with nothing to ask of for so long, zones do not count for a while
};

class Policy {
 public:
  enum class Arrival { wanted, duplicate, unasked };

  // `identity` is ours, as the peers in our zone know it; it also spreads what several fetchers ask of one complete
  // holder.
  Policy(Role role, PieceSet have, std::uint64_t identity, PolicyLimits limits = {});

  // What a newcomer is told of our pieces before anything else: all, or for a pushing seeder none.
  PieceSet shown() const;
  // `shown_before`: what `shown` was when that peer was told.
  void peer_came(PeerId id, const Newcomer& newcomer, const PieceSet& shown_before, Time now);
  void peer_left(PeerId id);
  // Acknowledges a push as well. The range lies within the layer.
  void peer_offers(PeerId id, PieceRange range, Time now);

  // The first bytes of a piece, whether asked or pushed. Only a seeder may send what nobody asked.
  Arrival piece_begins(PeerId id, PieceIndex piece, Time now);
  void bytes_flow(PeerId id, Time now);  // more of a piece came from, or left for, this peer: it is not stuck
  void piece_verified(PeerId id, PieceIndex piece, Time now);
  void piece_bad(PeerId id, PieceIndex piece);   // its hash did not match
  void piece_lost(PeerId id, PieceIndex piece);  // refused by the peer
  void piece_unproven(PeerId id, PieceIndex piece,
                      Time now);     // dropped for want of its hash: asked again a little later
  void keep_back(PieceIndex piece);  // in the file, but not proven: neither asked for nor shown before `in_file`
  void in_file(PieceIndex piece);    // ours now, from outside the swarm

  std::vector<Action> decide(Time now);

  bool is_quick(PeerId id) const;  // or not known yet

  const PieceSet& have() const { return have_; }
  std::size_t peers() const { return peers_.size(); }
  std::uint64_t reassigned() const { return reassigned_; }  // asked or pushed, not delivered in time

 private:
  struct Outstanding {
    PieceIndex piece;
    Time since;
  };
  struct Peer {
    bool is_seeder = false;
    Nearness nearness = Nearness::nowhere;
    std::uint64_t identity = 0;
    PieceSet has{};
    std::vector<Outstanding> asked;   // expected from it, pushes that began included
    std::vector<Outstanding> pushed;  // sent to it, not acknowledged
    std::vector<PieceIndex> late;     // given back, may still come; bounded
    std::uint64_t given = 0;          // pushes in all
    Time heard{};                     // bytes of a piece moved, or an acknowledgement came
    Time shunned_until{};             // it was silent too long; a whole piece from it ends that
    int silences = 0;
    int bad = 0;
    Milliseconds usual{0};        // time from ask (push) to delivery, smoothed; 0: not known
    bool nothing_useful = false;  // until it offers more or a piece is given back
    bool left_to_others = false;  // and has what another one of our zone is to fetch
    std::vector<PieceIndex> to_offer;
    Time offered{};
    bool offer_now = false;  // it waits for this acknowledgement
  };

  // policy.cpp
  Peer* find(PeerId id);
  void hold(PieceIndex piece);
  void available(PieceIndex piece, const Peer& peer, int change);
  Milliseconds patience(const Peer& peer) const;
  bool is_slow(const Peer& peer) const;
  void delivered(Peer& peer, Time now);
  void shun(Peer& peer, Time now);
  void measured(Peer& peer, Time since, Time now);
  void decide_offers(Time now, std::vector<Action>& actions);

  // policy_asks.cpp
  bool drop_ask(Peer& peer, PieceIndex piece);
  void give_back(Peer& peer, Time now);
  void expire_asks(Time now);
  std::size_t depth(const Peer& peer) const;
  bool may_cross(PieceIndex piece) const { return near_[piece] == 0 && ours_[piece]; }
  std::optional<PieceIndex> best(const Peer& peer, bool anywhere) const;
  bool may_be_asked(const Peer& peer, Time now) const {
    return peer.bad < bad_pieces_for_ban && now >= peer.shunned_until;
  }
  void ask(PeerId id, Peer& peer, PieceIndex piece, Time now, std::vector<Action>& actions);
  void ask_of(PeerId id, Peer& peer, bool anywhere, Time now, std::vector<Action>& actions);
  Milliseconds late() const;
  const Outstanding* longest_owed(const Peer& asking, Time now) const;
  void hedge(Time now, std::vector<Action>& actions);
  void decide_asks(Time now, std::vector<Action>& actions);
  void share_out_zone();
  bool zones_count(Time now);

  // policy_pushes.cpp
  void acknowledged(Peer& peer, PieceIndex piece, Time now);
  void take_back(Peer& peer);
  void expire_pushes(Time now);
  void expire_deliveries(Time now);
  bool pushing(PieceIndex piece) const { return pushed_[piece] != 0; }
  std::size_t most_pushes() const;  // to one peer
  Peer* target(PieceIndex piece, Time now, PeerId& id);
  void push(PeerId id, Peer& peer, PieceIndex piece, Time now, std::vector<Action>& actions);
  bool push_claimed(Time now, std::vector<Action>& actions);
  void decide_pushes(Time now, std::vector<Action>& actions);
  void serve_all();

  Role role_;
  PieceSet have_;
  std::uint64_t identity_;
  PolicyLimits limits_;
  std::map<PeerId, Peer> peers_;
  std::vector<std::uint32_t> availability_;  // peers that have the piece
  std::vector<std::uint32_t> near_;          // of them, those in our zone
  std::vector<bool> ours_;                   // to be fetched from outside the zone by us
  std::size_t neighbours_in_zone_ = 0;
  Time busy_{};                         // when we last waited for a piece, or had none to wish for
  Time anywhere_until_{};               // zones do not count until then
  std::vector<std::uint8_t> expected_;  // peers we expect it from
  std::vector<std::uint8_t> pushed_;    // peers it is on its way to
  std::set<PieceIndex> to_push_;        // in the file, held by nobody, on its way to nobody
  // Not pushed by us, but offered by somebody. Of a layer that is still arriving they are pushed when there is nothing
  // else to do: an offer is a word, and one liar must not keep all from everybody.
  std::set<PieceIndex> claimed_;
  std::deque<Outstanding> delivered_;  // pushes that were acknowledged lately, and when
  std::size_t undelivered_ = 0;
  std::size_t acknowledged_ = 0;
  bool serving_ = false;   // seeder: every piece is out, everything is offered
  Milliseconds usual_{0};  // over all peers
  std::uint64_t reassigned_ = 0;
};

}  // namespace shoal::swarm
