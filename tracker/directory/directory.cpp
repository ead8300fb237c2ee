#include "tracker/directory/directory.hpp"

#include <algorithm>

#include "shared/swarm/messages.hpp"

namespace shoal::tracker::directory {
namespace {

// A DNS name or what looks like one: it stands in logs, in JSON and in other agents' messages.
bool is_node_name(const std::string& name) {
  constexpr std::string_view others = "-._:";
  return !name.empty() && name.size() <= swarm::largest_node_name && std::all_of(name.begin(), name.end(), [&](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || others.find(c) != others.npos;
  });
}

Result<PeerHost> host_of(const control::Endpoint& endpoint, const std::string& source) {
  return PeerHost::parse(endpoint.host.empty() ? source : endpoint.host);
}

control::Endpoint as_told(const control::Endpoint& said, const PeerHost& host, const std::string& node) {
  return {host.text(), said.port, node, false};
}

}  // namespace

Result<Directory::Arrival> Directory::arrive(const control::Hello& hello, const std::string& source) {
  if (hello.protocol_version != control::version) return fail(ErrorKind::refused, "another protocol version");
  if (!is_node_name(hello.node)) return fail(ErrorKind::refused, "a node name is letters, digits and -._: only");
  if (hello.zone.size() > swarm::largest_zone_name) return fail(ErrorKind::refused, "the zone's name is too long");
  if (hello.swarm.port == 0) return fail(ErrorKind::refused, "no port to dial");
  const auto host = host_of(hello.swarm, source);
  if (!host) return tl::unexpected(host.error());
  const auto small_host = host_of(hello.small_layers, source);
  if (!small_host) return tl::unexpected(small_host.error());

  const control::Endpoint swarm = as_told(hello.swarm, *host, hello.node);
  const auto known = known_as(hello.node, swarm);
  const NodeId id = known ? *known : next_id_++;
  const bool restarted = known && agents_.at(id).epoch != hello.epoch;
  const std::uint32_t connection = known ? agents_.at(id).connection + 1 : 1;
  if (!known) by_name_.emplace(hello.node, id);
  const auto [entry, is_new] = agents_.insert_or_assign(
      id, Agent{id, hello.node, hello.zone, hello.epoch, *host, swarm,
                as_told(hello.small_layers, *small_host, hello.node), connection, std::nullopt});
  entry->second.source = source;
  const auto from = PeerHost::parse(source);
  entry->second.is_dialable = from && host->reachable_from(*from) && small_host->reachable_from(*from);
  // An agent that holds more layers than a hello carries tells them later, and keeps the known ones until then. After a
  // restart it may have another store.
  const bool told_later = !restarted && hello.held.empty() && held_.count(id) > control::largest_held_list;
  if (!told_later) held_.replace(id, hello.held);
  return Arrival{id, restarted, duplicate_of(entry->second)};
}

// The agent that a hello is of: the one at that address, else one of the name that has no connection.
std::optional<NodeId> Directory::known_as(const std::string& node, const control::Endpoint& swarm) const {
  std::optional<NodeId> known;
  const auto [begin, end] = by_name_.equal_range(node);
  for (auto it = begin; it != end; ++it) {
    const Agent& agent = agents_.at(it->second);
    if (agent.swarm == swarm) return agent.id;
    if (agent.dropped_at) known = agent.id;
  }
  return known;
}

std::optional<NodeId> Directory::duplicate_of(const Agent& agent) const {
  const auto [begin, end] = by_name_.equal_range(agent.node);
  for (auto it = begin; it != end; ++it) {
    if (it->second != agent.id && !agents_.at(it->second).dropped_at) return it->second;
  }
  return std::nullopt;
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

void Directory::remove(NodeId id) {
  const auto found = agents_.find(id);
  if (found == agents_.end()) return;
  held_.remove_agent(id);
  const auto [begin, end] = by_name_.equal_range(found->second.node);
  by_name_.erase(std::find_if(begin, end, [&](const auto& entry) { return entry.second == id; }));
  agents_.erase(found);
}

const Agent* Directory::find(NodeId id) const {
  const auto found = agents_.find(id);
  return found == agents_.end() ? nullptr : &found->second;
}

bool Directory::can_reach(NodeId from, NodeId to) const {
  const Agent* dialling = find(from);
  const Agent* dialled = find(to);
  if (dialling == nullptr || dialled == nullptr || dialling->is_banned || dialled->is_banned) return false;
  return dialled->host.reachable_from(dialling->host);
}

void Directory::hold(NodeId id, const std::vector<Digest>& digests) {
  if (agents_.contains(id)) held_.add(id, digests);
}

std::vector<NodeId> Directory::holders(const Digest& digest, NodeId asking, std::size_t limit, const May& may) {
  std::vector<NodeId> chosen;
  std::size_t looked = 0;
  held_.visit_in_turn(digest, [&](NodeId candidate) {
    const bool reaches = candidate != asking && can_reach(asking, candidate);
    if (reaches && (!may || may(candidate))) chosen.push_back(candidate);
    return chosen.size() < limit && ++looked < looked_at;
  });
  return chosen;
}

Roster* Directory::find_swarm(const Digest& digest) {
  const auto found = swarms_.find(digest);
  return found == swarms_.end() ? nullptr : &found->second;
}

const Roster* Directory::find_swarm(const Digest& digest) const {
  const auto found = swarms_.find(digest);
  return found == swarms_.end() ? nullptr : &found->second;
}

Roster Directory::take_swarm(const Digest& digest) {
  auto node = swarms_.extract(digest);
  return node ? std::move(node.mapped()) : Roster();
}

std::vector<Digest> Directory::swarms_of(NodeId id) const {
  std::vector<Digest> in;
  for (const auto& [digest, roster] : swarms_) {
    if (roster.knows(id)) in.push_back(digest);
  }
  return in;
}

std::vector<control::Endpoint> Directory::neighbours_for(Roster& roster, NodeId member, const May& may) {
  PeerChoice& graph = roster.graph();
  const auto may_dial = [&](NodeId other) { return can_reach(member, other) && (!may || may(other)); };
  if (!graph.contains(member)) return endpoints(graph.add(member, may_dial, random_));
  graph.repair(member, may_dial, random_);
  std::vector<NodeId> known = graph.neighbours(member);
  std::erase_if(known, [&](NodeId other) { return !may_dial(other); });
  return endpoints(known);
}

std::vector<control::Endpoint> Directory::repair(Roster& roster, NodeId member, const May& may) {
  const auto may_dial = [&](NodeId other) { return can_reach(member, other) && (!may || may(other)); };
  return endpoints(roster.graph().repair(member, may_dial, random_));
}

std::vector<control::Endpoint> Directory::endpoints(const std::vector<NodeId>& nodes) const {
  std::vector<control::Endpoint> list;
  for (const NodeId node : nodes) {
    if (const Agent* agent = find(node)) list.push_back(agent->swarm);
  }
  return list;
}

}  // namespace shoal::tracker::directory
