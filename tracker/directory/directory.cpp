#include "tracker/directory/directory.hpp"

#include <algorithm>

namespace shoal::tracker {
namespace {

// A DNS name or what looks like one: it stands in logs, in JSON and in other agents' messages.
bool is_node_name(const std::string& name) {
  constexpr std::string_view others = "-._:";
  return !name.empty() && name.size() <= 253 && std::all_of(name.begin(), name.end(), [&](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || others.find(c) != others.npos;
  });
}

Result<PeerHost> host_of(const control::Endpoint& endpoint, const std::string& source) {
  return PeerHost::parse(endpoint.host.empty() ? source : endpoint.host);
}

control::Endpoint handed_out(const control::Endpoint& said, const PeerHost& host, const std::string& node) {
  return {host.text(), said.port, node, false};
}

}  // namespace

Result<Directory::Arrival> Directory::arrive(const control::Hello& hello, const std::string& source) {
  if (hello.protocol_version != control::version) return fail(ErrorKind::refused, "another protocol version");
  if (!is_node_name(hello.node)) return fail(ErrorKind::refused, "a node name is letters, digits and -._: only");
  if (hello.zone.size() > 253) return fail(ErrorKind::refused, "the zone's name is too long");
  if (hello.swarm.port == 0) return fail(ErrorKind::refused, "no port to dial");
  const auto host = host_of(hello.swarm, source);
  if (!host) return tl::unexpected(host.error());
  const auto small_host = host_of(hello.small_layers, source);
  if (!small_host) return tl::unexpected(small_host.error());

  const auto known = by_name_.find(hello.node);
  const bool is_known = known != by_name_.end();
  const NodeId id = is_known ? known->second : next_id_++;
  const bool restarted = is_known && agents_.at(id).epoch != hello.epoch;
  if (is_known) forget_held(agents_.at(id));
  by_name_[hello.node] = id;
  agents_.insert_or_assign(id, Agent{id,
                                     hello.node,
                                     hello.zone,
                                     hello.epoch,
                                     *host,
                                     handed_out(hello.swarm, *host, hello.node),
                                     handed_out(hello.small_layers, *small_host, hello.node),
                                     std::nullopt,
                                     {}});
  hold(id, hello.held);
  return Arrival{id, restarted};
}

void Directory::drop(NodeId id, Time now) {
  const auto found = agents_.find(id);
  if (found != agents_.end()) found->second.dropped_at = now;
}

std::vector<NodeId> Directory::expired(Time now) const {
  std::vector<NodeId> gone;
  for (const auto& [id, agent] : agents_) {
    if (agent.dropped_at && now - *agent.dropped_at >= keep_after_drop) gone.push_back(id);
  }
  return gone;
}

void Directory::forget(NodeId id) {
  const auto found = agents_.find(id);
  if (found == agents_.end()) return;
  forget_held(found->second);
  by_name_.erase(found->second.node);
  agents_.erase(found);
}

const Agent* Directory::find(NodeId id) const {
  const auto found = agents_.find(id);
  return found == agents_.end() ? nullptr : &found->second;
}

bool Directory::can_reach(NodeId from, NodeId to) const {
  const Agent* dialling = find(from);
  const Agent* dialled = find(to);
  return dialling != nullptr && dialled != nullptr && dialled->host.reachable_from(dialling->host);
}

void Directory::hold(NodeId id, const std::vector<Digest>& digests) {
  const auto found = agents_.find(id);
  if (found == agents_.end()) return;
  for (const Digest& digest : digests) {
    if (found->second.held.size() >= largest_held) return;
    if (found->second.held.insert(digest).second) holders_[digest].nodes.push_back(id);
  }
}

void Directory::lose(NodeId id, const std::vector<Digest>& digests) {
  const auto found = agents_.find(id);
  if (found == agents_.end()) return;
  for (const Digest& digest : digests) {
    if (found->second.held.erase(digest) > 0) forget_holder(id, digest);
  }
}

std::vector<NodeId> Directory::holders(const Digest& digest, NodeId asking, std::size_t limit) {
  std::vector<NodeId> chosen;
  const auto found = holders_.find(digest);
  if (found == holders_.end()) return chosen;
  Holders& holders = found->second;
  for (std::size_t looked = 0; looked < holders.nodes.size() && chosen.size() < limit; ++looked) {
    const NodeId candidate = holders.nodes[(holders.next + looked) % holders.nodes.size()];
    if (candidate != asking && can_reach(asking, candidate)) chosen.push_back(candidate);
  }
  holders.next = (holders.next + 1) % holders.nodes.size();
  return chosen;
}

Roster* Directory::find_swarm(const Digest& digest) {
  const auto found = swarms_.find(digest);
  return found == swarms_.end() ? nullptr : &found->second;
}

std::vector<Digest> Directory::swarms_of(NodeId id) const {
  std::vector<Digest> in;
  for (const auto& [digest, roster] : swarms_) {
    if (roster.members().contains(id)) in.push_back(digest);
  }
  return in;
}

std::vector<control::Endpoint> Directory::neighbours_for(Roster& roster, NodeId newcomer) {
  const auto may_dial = [&](NodeId other) { return can_reach(newcomer, other); };
  return endpoints(roster.graph().add(newcomer, may_dial, random_));
}

std::vector<control::Endpoint> Directory::repair(Roster& roster, NodeId lonely) {
  const auto may_dial = [&](NodeId other) { return can_reach(lonely, other); };
  return endpoints(roster.graph().repair(lonely, may_dial, random_));
}

std::vector<control::Endpoint> Directory::endpoints(const std::vector<NodeId>& nodes) const {
  std::vector<control::Endpoint> list;
  for (const NodeId node : nodes) {
    if (const Agent* agent = find(node)) list.push_back(agent->swarm);
  }
  return list;
}

void Directory::forget_held(Agent& agent) {
  for (const Digest& digest : agent.held) forget_holder(agent.id, digest);
  agent.held.clear();
}

void Directory::forget_holder(NodeId id, const Digest& digest) {
  const auto found = holders_.find(digest);
  std::erase(found->second.nodes, id);
  if (found->second.nodes.empty()) {
    holders_.erase(found);
  } else {
    found->second.next %= found->second.nodes.size();
  }
}

}  // namespace shoal::tracker
