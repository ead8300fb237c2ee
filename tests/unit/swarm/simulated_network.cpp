#include "tests/unit/swarm/simulated_network.hpp"

#include <algorithm>
#include <numeric>

namespace shoal::swarm {
namespace {

constexpr Milliseconds latency{1};
constexpr Milliseconds tick{20};

PeerId id_of(std::size_t node) {
  return static_cast<PeerId>(node);
}

std::uint64_t identity_of(std::size_t node) {
  return node * 7919;
}

Nearness nearness(int ours, int theirs) {
  if (ours == 0) return Nearness::nowhere;
  return ours == theirs ? Nearness::near : Nearness::far;
}

}  // namespace

std::size_t SimulatedNetwork::add(Role role, bool whole, int zone) {
  Node node;
  node.role = role;
  node.zone = zone;
  PieceSet have = whole ? PieceSet::full(pieces_) : PieceSet(pieces_);
  node.policy = std::make_unique<Policy>(role, std::move(have), identity_of(nodes_.size()));
  node.sent.assign(pieces_, 0);
  nodes_.push_back(std::move(node));
  return nodes_.size() - 1;
}

void SimulatedNetwork::link(std::size_t a, std::size_t b) {
  links_[{std::min(a, b), std::max(a, b)}] = true;
  const PieceSet shown[] = {nodes_[a].policy->shown(), nodes_[b].policy->shown()};
  const std::size_t ends[] = {a, b};
  for (const int side : {0, 1}) {
    const std::size_t self = ends[side];
    const std::size_t other = ends[1 - side];
    Policy& policy = *nodes_[self].policy;
    const NewPeer newcomer{nodes_[other].role == Role::seed, nearness(nodes_[self].zone, nodes_[other].zone),
                            identity_of(other)};
    policy.peer_came(id_of(other), newcomer, shown[side], now_);
    for (PieceIndex piece = 0; piece < pieces_; ++piece) {
      if (shown[1 - side].has(piece)) policy.peer_offers(id_of(other), {piece, 1}, now_);
    }
  }
}

void SimulatedNetwork::mesh() {
  for (std::size_t a = 0; a < nodes_.size(); ++a) {
    for (std::size_t b = a + 1; b < nodes_.size(); ++b) link(a, b);
  }
}

void SimulatedNetwork::publish(std::size_t seeder, PieceIndex piece) {
  nodes_[seeder].policy->in_file(piece);
  act(seeder);
}

void SimulatedNetwork::die(std::size_t node) {
  nodes_[node].alive = false;
  for (auto& [pair, up] : links_) {
    const std::size_t other = pair.first == node ? pair.second : pair.first;
    if (!up || (pair.first != node && pair.second != node)) continue;
    up = false;
    nodes_[other].policy->peer_left(id_of(node));
    act(other);
  }
}

void SimulatedNetwork::at(Milliseconds when, std::function<void()> what) {
  timetable_.at(Time{} + when, std::move(what));
}

bool SimulatedNetwork::all_done() const {
  return std::all_of(nodes_.begin(), nodes_.end(), [](const Node& node) {
    return node.role != Role::fetch || !node.alive || node.frozen || node.policy->have().complete();
  });
}

bool SimulatedNetwork::run(Milliseconds limit) {
  for (Time t = now_; t < Time{} + limit; t += tick) {
    timetable_.at(t, [this] {
      for (std::size_t node = 0; node < nodes_.size(); ++node) act(node);
    });
  }
  while (timetable_.has_before(Time{} + limit)) {
    now_ = timetable_.next_time();
    timetable_.do_next();
    if (all_done()) return true;
  }
  return false;
}

void SimulatedNetwork::act(std::size_t node) {
  if (!hears(node)) return;
  for (const Action& action : nodes_[node].policy->decide(now_)) {
    if (const auto* push = std::get_if<Push>(&action)) send_piece(node, push->peer, push->piece);
    if (const auto* ask = std::get_if<Ask>(&action)) {
      timetable_.at(now_ + latency, [this, node, a = *ask] {
        if (!hears(a.peer)) return;
        if (nodes_[a.peer].policy->have().has(a.piece)) return send_piece(a.peer, node, a.piece);
        nodes_[node].policy->piece_lost(a.peer, a.piece);
      });
    }
    if (const auto* offer = std::get_if<Offer>(&action)) {
      timetable_.at(now_ + latency, [this, node, o = *offer] {
        if (!hears(o.peer)) return;
        for (const PieceRange& range : o.ranges) nodes_[o.peer].policy->peer_offers(id_of(node), range, now_);
        act(o.peer);
      });
    }
  }
}

void SimulatedNetwork::send_piece(std::size_t from, std::size_t to, PieceIndex piece) {
  Node& sender = nodes_[from];
  ++sender.sent[piece];
  if (nodes_[to].zone != sender.zone) ++entered_[nodes_[to].zone];
  const Time start = std::max(now_, sender.uplink_free);
  sender.uplink_free = start + Milliseconds(sender.piece_milliseconds);
  const auto usable = std::make_shared<bool>(false);
  timetable_.at(start + latency, [this, from, to, piece, usable] {
    if (!hears(to) || !hears(from)) return;
    const auto arrival = nodes_[to].policy->piece_begins(id_of(from), piece, now_);
    *usable = arrival == Arrival::asked;
    if (!*usable) ++nodes_[to].duplicates;
  });
  timetable_.at(sender.uplink_free + latency, [this, from, to, piece, usable] {
    if (hears(to) && hears(from) && *usable) arrive(from, to, piece);
  });
}

void SimulatedNetwork::arrive(std::size_t from, std::size_t to, PieceIndex piece) {
  Node& node = nodes_[to];
  if (nodes_[from].is_corrupt) {
    ++node.bad;
    node.policy->piece_bad(id_of(from), piece);
  } else if (node.policy->have().has(piece)) {
    ++node.duplicates;
    node.policy->piece_verified(id_of(from), piece, now_);
  } else {
    node.order.push_back(piece);
    node.policy->piece_verified(id_of(from), piece, now_);
    if (node.policy->have().complete()) node.completed = now_;
  }
  act(to);
}

int SimulatedNetwork::sent_in_all(std::size_t node) const {
  return std::accumulate(nodes_[node].sent.begin(), nodes_[node].sent.end(), 0);
}

int SimulatedNetwork::most_copies(std::size_t node) const {
  return *std::max_element(nodes_[node].sent.begin(), nodes_[node].sent.end());
}

}  // namespace shoal::swarm
