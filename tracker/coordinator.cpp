#include "tracker/coordinator.hpp"

#include "shared/log/log.hpp"

namespace shoal::tracker {
namespace {

constexpr std::size_t most_distrusted = 1'024;

Resolver::Parts keeping(Resolver::Parts parts, Seeder& seeder) {
  parts.keep = [&seeder](const Digest& digest, Bytes bytes, std::string content_type) {
    seeder.keep(digest, std::move(bytes), std::move(content_type));
  };
  return parts;
}

Accused identity_of(const Agent& agent) {
  return {agent.node, agent.host.text()};
}

Wanted wanted_of(const Digest& digest, const control::Source& source) {
  const auto kind = source.kind == control::LayerKind::manifest ? origin::Kind::manifest : origin::Kind::blob;
  return {digest, kind, {source.upstream, source.repository}};
}

bool names_another_source(const Member& member, const Wanted& wanted) {
  return !member.source.upstream.empty() && !wanted_of(wanted.digest, member.source).same_source(wanted);
}

control::Joined joined(const LayerInfo& layer) {
  const auto piece_length = static_cast<std::uint32_t>(piece_length_for(layer.size).value);
  return {layer.digest, layer.size.value, piece_length, layer.generation, layer.content_type, {}, {}};
}

}  // namespace

Coordinator::Coordinator(Parts parts, Options options)
    : options_(std::move(options)),
      metrics_(parts.metrics),
      clock_(parts.seeder.clock),
      keys_(parts.seeder.keys),
      directory_(parts.random),
      random_(parts.random),
      seeder_(parts.seeder, *this),
      resolver_(keeping(std::move(parts.resolver), seeder_)) {
  parts.seeder.store.ask_before_evicting([this](const Digest& digest) { return may_go(digest); },
                                         [this](const Digest& digest) { forget(digest); });
}

Result<NodeId> Coordinator::arrive(const control::Hello& hello, const std::string& source, AgentLink& link) {
  if (hello.node == options_.seeder.node)
    return fail(ErrorKind::refused, "the name " + hello.node + " is the seeder's");
  const auto arrival = directory_.arrive(hello, source);
  if (!arrival) return tl::unexpected(arrival.error());
  const NodeId id = arrival->id;
  if (arrival->restarted) remove_everywhere(id);
  AgentLink* const old = std::exchange(links_[id], &link);
  if (old != nullptr) old->close("another connection of the same node replaced this one");
  metrics_.connected_agents.set(static_cast<std::int64_t>(links_.size()));
  log::info("tracker", "agent connected",
            {{"node", hello.node}, {"zone", hello.zone}, {"address", source}, {"held_layers", hello.held.size()}});
  if (arrival->namesake) warn_of_namesake(id, *arrival->namesake);
  control::Welcome welcome;
  welcome.swarm_key = keys_.swarm;
  welcome.public_key = keys_.signing.public_key();
  welcome.epoch = options_.epoch;
  link.send(welcome);
  directory_.set_banned(id, is_banned(id));
  for (const Accused& accused : blames_.all_banned(clock_.now())) link.send(control::Ban{accused.node, accused.host});
  return id;
}

void Coordinator::warn_of_namesake(NodeId node, NodeId namesake) const {
  const auto address = [this](NodeId id) {
    const Agent* agent = directory_.find(id);
    return agent->host.with_port(agent->swarm.port);
  };
  log::warning("tracker", "two agents have the same node name",
               {{"node", directory_.find(node)->node}, {"address", address(node)}, {"other", address(namesake)}});
}

void Coordinator::gone(NodeId node, const AgentLink& link) {
  const auto found = links_.find(node);
  if (found == links_.end() || found->second != &link) return;  // replaced
  links_.erase(found);
  metrics_.connected_agents.set(static_cast<std::int64_t>(links_.size()));
  directory_.drop(node, clock_.now());
  log::info("tracker", "agent disconnected", {{"node", directory_.find(node)->node}});
}

void Coordinator::handle(NodeId from, const control::AgentMessage& message) {
  std::visit([&](const auto& m) { on(from, m); }, message);
}

void Coordinator::tick() {
  for (const NodeId node : directory_.expired(clock_.now())) {
    remove_everywhere(node);
    directory_.forget(node);
  }
  const auto left = seeder_.tick([this](const Digest& digest) {
    const Roster* roster = directory_.find_swarm(digest);
    return roster != nullptr && !roster->members().empty();
  });
  for (const Digest& digest : left) directory_.forget_swarm(digest);
  for (const Digest& digest : seeder_.waiting_for_origin()) tell_to_wait(digest);
  fan_out_.tick(clock_.now());
  refresh_bans();
}

void Coordinator::tell_to_wait(const Digest& digest) {
  const Roster* roster = directory_.find_swarm(digest);
  if (roster == nullptr) return;
  for (const auto& [node, member] : roster->members()) {
    if (member.state != MemberState::complete) send(node, control::Waiting{digest});
  }
}

void Coordinator::close_links(const std::string& why) {
  for (const auto& [node, link] : links_) link->close(why);
}

// ---- agents

void Coordinator::on(NodeId from, const control::Join& join) {
  metrics_.joins.add();
  want(from, join.digest, join.source, join.size_hint_bytes);
}

void Coordinator::want(NodeId node, const Digest& digest, const control::Source& source,
                       std::uint64_t size_hint_bytes) {
  // A member before the seeder is asked: its answer may come at once.
  Member& member = directory_.swarm(digest).join(node, size_hint_bytes);
  member.is_answered = false;
  member.source = source;
  Wanted wanted = wanted_of(digest, source);
  wanted.size_hint_bytes = size_hint_bytes;
  const Wish wish = seeder_.want(wanted);
  if (const auto* refusal = std::get_if<Refusal>(&wish)) refuse(node, digest, *refusal);
  if (const auto* layer = std::get_if<LayerInfo>(&wish)) answer_join(node, *layer, size_hint_bytes);
}

void Coordinator::on(NodeId from, const control::Progress& progress) {
  if (progress.complete) note_held(from, {progress.digest});
  Roster* roster = directory_.find_swarm(progress.digest);
  if (roster == nullptr || roster->generation() != progress.generation) return;
  Member* const known_member = roster->find(from);
  Member& member = known_member != nullptr ? *known_member : roster->join(from, 0);
  member.pieces = progress.pieces;
  member.state = progress.complete ? MemberState::complete : MemberState::ready;
  introduce(from, progress.digest, *roster);
}

void Coordinator::on(NodeId from, const control::Leave& leave) {
  remove_member(from, leave.digest);
}

void Coordinator::on(NodeId from, const control::Holds& holds) {
  note_held(from, holds.held);
}

void Coordinator::note_held(NodeId node, const std::vector<Digest>& digests) {
  directory_.hold(node, digests);
  for (const Digest& digest : digests) fan_out_.holds(node, digest);
}

void Coordinator::on(NodeId from, const control::Lost& lost) {
  directory_.lose(from, lost.layers);
  for (const Digest& digest : lost.layers) remove_member(from, digest);
}

void Coordinator::on(NodeId from, const control::Resolve& question) {
  resolver_.resolve(question, [this, from](control::Resolved resolved) { send(from, std::move(resolved)); });
}

void Coordinator::on(NodeId from, const control::Blame& blame) {
  metrics_.blames.add();
  const Agent* reporter = directory_.find(from);
  if (reporter == nullptr) return;
  log::warning("tracker", "a peer sent wrong bytes",
               {{"digest", blame.digest.text()},
                {"piece", blame.piece},
                {"peer", blame.node},
                {"host", blame.host},
                {"reported_by", reporter->node}});
  if (is_banned(from)) return;
  if (blame.node == options_.seeder.node) {  // there is no other: its disk has lost some of this layer
    if (options_.suspect) options_.suspect(blame.digest);
    return;
  }
  const Accused accused{blame.node, blame.host};
  const auto& agents = directory_.agents();
  const bool is_known = std::ranges::any_of(
      agents, [&](const auto& entry) { return identity_of(entry.second) == accused && entry.first != from; });
  if (!is_known) return;
  if (blames_.report(accused, reporter->host.text(), clock_.now())) ban(accused);
}

bool Coordinator::is_banned(NodeId node) const {
  const Agent* agent = directory_.find(node);
  return agent != nullptr && blames_.banned(identity_of(*agent), clock_.now());
}

void Coordinator::ban(const Accused& accused) {
  metrics_.bans.add();
  log::error("tracker", "node banned: two others had wrong bytes from it; look at its memory and its disk",
             {{"node", accused.node}, {"host", accused.host}});
  refresh_bans();
  for (const auto& [node, link] : links_) link->send(control::Ban{accused.node, accused.host});
}

void Coordinator::refresh_bans() {
  if (blames_.empty()) return;
  for (const auto& [node, agent] : directory_.agents()) directory_.set_banned(node, is_banned(node));
}

void Coordinator::on(NodeId from, const control::WantHashes& want) {
  auto batch = seeder_.batch(want.digest, want.generation, want.piece);
  if (batch) send(from, control::Hashes{want.digest, want.generation, std::move(*batch)});
}

void Coordinator::on(NodeId from, const control::Hello&) {
  const auto link = links_.find(from);
  if (link != links_.end()) link->second->close("an agent sent a second hello on one connection");
}

// ---- answers

void Coordinator::answer_join(NodeId node, const LayerInfo& layer, std::uint64_t size_hint_bytes) {
  if (size_hint_bytes != 0 && size_hint_bytes != layer.size.value) {
    const std::string what = "the layer has " + std::to_string(layer.size.value) + " bytes";
    return refuse(node, layer.digest, {control::Reason::size, what});
  }
  if (layer.is_small) return answer_small(node, layer);
  Roster& roster = directory_.swarm(layer.digest);
  if (roster.generation() != layer.generation) roster.restart(layer.generation);
  Member& member = roster.join(node, size_hint_bytes);
  member.is_answered = true;
  member.has_seeder = false;  // it asks anew: it may have lost the seeder
  control::Joined answer = joined(layer);
  if (roster.give_seeder(node)) answer.peers = {options_.seeder};
  send(node, answer);
  if (layer.finished) send(node, control::Finished{layer.digest, layer.generation, *layer.finished});
  ask_holders_to_serve(node, layer, roster);
}

void Coordinator::answer_small(NodeId node, const LayerInfo& layer) {
  remove_member(node, layer.digest);  // no swarm
  control::Joined answer = joined(layer);
  if (layer.size.value != 0) {
    const auto holders = directory_.holders(layer.digest, node, named_holders);
    const auto distance = [&](NodeId other) { return distance_between(node, other); };
    const auto source = fan_out_.source_for(layer.digest, node, holders, distance, clock_.now(), random_);
    if (source) answer.holders.push_back(directory_.find(*source)->small_layers);
    answer.holders.push_back(own_small_layers_);
    for (const NodeId holder : holders) {
      if (holder != source && distance(holder)) answer.holders.push_back(directory_.find(holder)->small_layers);
    }
  }
  send(node, answer);
}

std::optional<std::size_t> Coordinator::distance_between(NodeId asking, NodeId other) const {
  const Agent* agent = directory_.find(other);
  const bool serves = agent != nullptr && agent->small_layers.port != 0 && links_.contains(other);
  if (!serves || !directory_.can_reach(asking, other)) return std::nullopt;
  return agent->zone == directory_.find(asking)->zone ? 0 : FanOut::steps_between_zones;
}

// Tells a ready member its neighbours, once on each of its connections: what was sent on the last one may be lost.
void Coordinator::introduce(NodeId node, const Digest& digest, Roster& roster) {
  const std::uint32_t connection = directory_.find(node)->connection;
  if (std::exchange(roster.find(node)->introduced_on, connection) == connection) return;
  control::Peers peers{digest, roster.generation(), directory_.neighbours_for(roster, node)};
  const bool is_seeded = seeder_.is_seeding(digest, roster.generation());
  if (is_seeded && roster.give_seeder(node)) peers.peers.push_back(options_.seeder);
  if (!peers.peers.empty()) send(node, peers);
}

void Coordinator::ask_holders_to_serve(NodeId joining, const LayerInfo& layer, Roster& roster) {
  for (const NodeId holder : directory_.holders(layer.digest, joining, Roster::served_by)) {
    if (!links_.contains(holder) || !roster.ask_to_serve(holder)) continue;
    send(holder, control::Serve{layer.digest, layer.generation});
  }
}

void Coordinator::refuse(NodeId node, const Digest& digest, const Refusal& refusal) {
  metrics_.refused_joins.add();
  remove_member(node, digest);
  const auto retry_after = static_cast<std::uint32_t>(refusal.retry_after.count());
  send(node, control::Refused{digest, refusal.reason, refusal.what, retry_after});
}

void Coordinator::remove_member(NodeId node, const Digest& digest) {
  Roster* roster = directory_.find_swarm(digest);
  if (roster == nullptr) return;
  for (const NodeId lonely : roster->remove(node)) {
    auto peers = directory_.repair(*roster, lonely);
    if (!peers.empty()) send(lonely, control::Peers{digest, roster->generation(), std::move(peers)});
  }
  if (roster->members().empty()) directory_.forget_swarm(digest);
}

void Coordinator::remove_everywhere(NodeId node) {
  for (const Digest& digest : directory_.swarms_of(node)) remove_member(node, digest);
  fan_out_.gone(node);
}

void Coordinator::send(NodeId node, const control::TrackerMessage& message) {
  const auto link = links_.find(node);
  if (link != links_.end()) link->second->send(message);
}

// ---- the seeder

// Whether the store may evict a layer: not while anybody in its swarm wants pieces or the hashes that we signed.
bool Coordinator::may_go(const Digest& digest) const {
  const auto swarm = directory_.swarms().find(digest);
  if (swarm != directory_.swarms().end()) {
    const RosterCounts counts = swarm->second.counts();
    if (counts.joining + counts.ready > 0) return false;
  }
  return !seeder_.is_fetching(digest);
}

void Coordinator::known(const LayerInfo& layer) {
  for (const auto& [node, member] : members_of(layer.digest)) {
    if (!member.is_answered) {
      answer_join(node, layer, member.size_hint_bytes);
    } else if (member.state != MemberState::joining && directory_.swarm(layer.digest).give_seeder(node)) {
      send(node, control::Peers{layer.digest, layer.generation, {options_.seeder}});
    }
  }
}

void Coordinator::restarted(const Digest& digest, Generation generation) {
  for (const auto& [node, member] : members_of(digest)) {
    const bool has_begun = member.is_answered || member.state != MemberState::joining;
    if (has_begun) send(node, control::Restart{digest, generation});
  }
  if (Roster* roster = directory_.find_swarm(digest)) roster->restart(generation);
}

void Coordinator::finished(const LayerInfo& layer) {
  for (const auto& [node, member] : members_of(layer.digest)) {
    if (member.is_answered) send(node, control::Finished{layer.digest, layer.generation, *layer.finished});
  }
}

// What one source says is not said of another: it is asked now, for those who named it and have nothing yet. The others
// go on by themselves.
void Coordinator::refused(const Wanted& wanted, const Refusal& refusal) {
  const Refusal of_another{control::Reason::unavailable, "another source failed: " + refusal.what};
  std::map<NodeId, Member> waiting;
  for (const auto& [node, member] : members_of(wanted.digest)) {
    if (member.state == MemberState::complete) continue;
    const bool names_another = names_another_source(member, wanted);
    if (names_another && !member.is_answered) {
      waiting.emplace(node, member);
    } else {
      refuse(node, wanted.digest, names_another ? of_another : refusal);
    }
  }
  directory_.forget_swarm(wanted.digest);
  for (const auto& [node, member] : waiting) want(node, wanted.digest, member.source, member.size_hint_bytes);
}

std::deque<control::Endpoint> Coordinator::holders(const Digest& digest) {
  std::deque<control::Endpoint> found;
  for (const NodeId node : directory_.all_holders(digest)) {
    if (found.size() == read_holders) break;
    const Agent* agent = directory_.find(node);
    const bool gives = links_.contains(node) && agent->small_layers.port != 0;
    if (gives && !agent->is_banned && !distrusted_.contains(agent->node)) found.push_back(agent->small_layers);
  }
  return found;
}

void Coordinator::gave_wrong_bytes(const control::Endpoint& holder) {
  log::error("tracker", "an agent gave a wrong layer and is not asked again; look at its disk",
             {{"node", holder.node}, {"host", holder.host}});
  if (distrusted_.size() < most_distrusted) distrusted_.insert(holder.node);
}

std::map<NodeId, Member> Coordinator::members_of(const Digest& digest) {
  const Roster* roster = directory_.find_swarm(digest);
  return roster != nullptr ? roster->members() : std::map<NodeId, Member>();
}

}  // namespace shoal::tracker
