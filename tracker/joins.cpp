#include "tracker/joins.hpp"

namespace shoal::tracker {

using directory::Member;
using directory::MemberState;
using directory::Roster;
using seeder::LayerInfo;
using seeder::Refusal;

namespace {

seeder::SeedRequest request_of(const control::Join& join) {
  const control::Source& source = join.source;
  const auto kind = source.kind == control::LayerKind::manifest ? origin::Kind::manifest : origin::Kind::blob;
  return {join.digest, kind, {source.upstream, source.repository}, join.size_hint_bytes, join.credential};
}

control::Join join_of(const Digest& digest, const Member& member) {
  return {digest, member.source, member.size_hint_bytes, member.credential, member.has_credential};
}

// At another registry or repository, or for another caller.
bool asks_otherwise(const Member& member, const seeder::SeedRequest& request) {
  return !member.source.upstream.empty() && !request_of(join_of(request.digest, member)).asks_as(request);
}

control::Joined joined(const LayerInfo& layer) {
  const auto piece_length = static_cast<std::uint32_t>(piece_length_for(layer.size).value);
  return {layer.digest, layer.size.value, piece_length, layer.generation, layer.content_type, {}, {}};
}

// The layer, for as far as the join goes.
bool is_there(const Joins::Parts& parts, NodeId node, const control::Join& join) {
  if (join.want == control::Want::layer) return true;
  if (join.want == control::Want::held && parts.seeder.presence(join.digest) != seeder::Seeder::Presence::absent) return true;
  const auto is_connected = [&parts](NodeId holder) { return parts.links.contains(holder); };
  return !parts.directory.holders(join.digest, node, 1, is_connected).empty();
}

// By what the tracker has read there itself.
bool is_at_source(const KnownLayers& known, const LayerInfo& layer, const std::string& upstream) {
  const auto is_its = [&](const std::string& of) { return known.registry_of(of) == known.registry_of(upstream); };
  return layer.size.value == 0 || std::ranges::any_of(layer.upstreams, is_its) || known.is_at(upstream, layer.digest);
}

// The digest has matched.
void note_at(KnownLayers& known, const LayerInfo& layer) {
  for (const std::string& upstream : layer.upstreams) known.note_at(upstream, layer.digest);
}

}  // namespace

// ---- what agents say

void Joins::join(NodeId node, const control::Join& join) {
  parts_.metrics.joins.add();
  if (!is_there(parts_, node, join)) {
    const control::Refused refused{.digest = join.digest,
                                   .reason = control::Reason::not_found,
                                   .what = "no node holds the layer",
                                   .upstream = join.source.upstream};
    parts_.links.send(node, refused);
  } else if (!parts_.own_fetches.wait(node, join)) {
    request(node, join);
  }
}

void Joins::request(NodeId node, const control::Join& join) {
  Member& member = parts_.directory.swarm(join.digest).join(node, join.size_hint_bytes);
  member.is_answered = false;
  member.source = join.source;
  member.credential = join.credential;
  member.has_credential = join.has_credential;
  const auto result = parts_.seeder.request_layer(request_of(join));
  if (const auto* refusal = std::get_if<Refusal>(&result)) refuse_or_let_fetch(node, join, *refusal);
  if (const auto* layer = std::get_if<LayerInfo>(&result)) answer(node, *layer);
}

void Joins::note_progress(NodeId node, const control::Progress& progress) {
  Roster* roster = parts_.directory.find_swarm(progress.digest);
  if (roster == nullptr || roster->generation() != progress.generation) return;
  Member* const known_member = roster->find(node);
  Member& member = known_member != nullptr ? *known_member : roster->join(node, 0);
  member.pieces = progress.pieces;
  member.state = progress.complete ? MemberState::complete : MemberState::ready;
  introduce(node, progress.digest, *roster);
}

void Joins::leave(NodeId node, const Digest& digest) {
  Roster* roster = parts_.directory.find_swarm(digest);
  if (roster == nullptr) return;
  for (const NodeId other : roster->remove(node)) {
    auto peers = parts_.directory.repair(*roster, other, may_dial(other));
    if (!peers.empty()) parts_.links.send(other, control::Peers{digest, roster->generation(), std::move(peers)});
  }
  if (roster->members().empty()) return parts_.directory.remove_swarm(digest);
  // A complete member leaves once no peer has asked it for a piece for a while. A member may lack some still.
  const NodeId unfinished = roster->unfinished();
  const bool is_seeded = parts_.seeder.is_seeding(digest, roster->generation());
  if (unfinished != 0 && is_seeded) ask_holders_to_serve(unfinished, digest, *roster, node);
}

directory::Directory::May Joins::may_dial(NodeId member) const {
  return [this, member, now = parts_.clock.now()](NodeId other) {
    return parts_.reachability.may_send(member, other, control::Service::pieces, now);
  };
}

void Joins::dial_back(NodeId node, NodeId by, const Digest& digest) {
  Roster* roster = parts_.directory.find_swarm(digest);
  if (roster == nullptr || !roster->graph().contains(node) || !roster->graph().contains(by)) return;
  const auto& neighbours = roster->graph().neighbours(node);
  if (std::ranges::find(neighbours, by) == neighbours.end()) return;
  if (!may_dial(node)(by)) return;
  parts_.links.send(node, control::Peers{digest, roster->generation(), {parts_.directory.find(by)->swarm}});
}

// Members that the newcomer cannot dial are not named to it: they dial instead, while they have few neighbours.
void Joins::let_unreachable_dial(NodeId newcomer, const Digest& digest, Roster& roster) {
  constexpr std::size_t most = 8;  // messages for one newcomer
  std::size_t told = 0;
  const std::string& host = parts_.directory.find(newcomer)->source;
  for (const NodeId node :
       parts_.reachability.not_named_to(host, control::Service::pieces, parts_.clock.now())) {
    if (node == newcomer || !roster.graph().contains(node) || told == most) continue;
    auto peers = parts_.directory.repair(roster, node, may_dial(node));
    if (peers.empty()) continue;
    parts_.links.send(node, control::Peers{digest, roster.generation(), std::move(peers)});
    ++told;
  }
}

void Joins::leave_all(NodeId node) {
  for (const Digest& digest : parts_.directory.swarms_of(node)) leave(node, digest);
}

void Joins::tick() {
  const auto left = parts_.seeder.tick([this](const Digest& digest) {
    const Roster* roster = parts_.directory.find_swarm(digest);
    if (roster == nullptr) return seeder::Seeder::Members{};
    const auto counts = roster->counts();
    return seeder::Seeder::Members{!roster->members().empty(), counts.joining + counts.ready > 0};
  });
  for (const Digest& digest : left) parts_.directory.remove_swarm(digest);
  for (const seeder::WaitingLayer& layer : parts_.seeder.waiting_for_origin()) tell_to_wait(layer);
}

void Joins::tell_to_wait(const seeder::WaitingLayer& layer) {
  const Roster* roster = parts_.directory.find_swarm(layer.digest);
  if (roster == nullptr) return;
  for (const auto& [node, member] : roster->members()) {
    if (member.state != MemberState::complete) parts_.links.send(node, control::Waiting{layer.digest, layer.is_paced});
  }
}

bool Joins::may_evict(const Digest& digest) const {
  return !needs_pieces(digest) && parts_.seeder.presence(digest) != seeder::Seeder::Presence::coming;
}

bool Joins::needs_pieces(const Digest& digest) const {
  const Roster* roster = parts_.directory.find_swarm(digest);
  return roster != nullptr && roster->unfinished() != 0;
}

// ---- what the seeder tells

void Joins::on(const seeder::LayerKnown& event) {
  const LayerInfo& layer = event.layer;
  if (layer.is_small) note_at(parts_.known, layer);
  for (const WaitingJoin& waited : parts_.own_fetches.held({layer.digest})) request(waited.node, waited.join);
  Roster* const roster = parts_.directory.find_swarm(layer.digest);
  if (roster == nullptr) return;
  for (const NodeId node : roster->nodes()) {  // an answer may remove its member
    const Member* member = roster->find(node);
    if (!member->is_answered) {
      answer(node, layer);
    } else if (member->state != MemberState::joining && roster->give_seeder(node)) {
      parts_.links.send(node, control::Peers{layer.digest, layer.generation, {seeder_endpoint_}});
    }
    if (parts_.directory.find_swarm(layer.digest) != roster) return;  // its last member was removed
  }
}

void Joins::on(const seeder::LayerRestarted& event) {
  Roster* const roster = parts_.directory.find_swarm(event.digest);
  if (roster == nullptr) return;
  for (const auto& [node, member] : roster->members()) {
    const bool has_begun = member.is_answered || member.state != MemberState::joining;
    if (has_begun) parts_.links.send(node, control::Restart{event.digest, event.generation});
  }
  roster->restart(event.generation);
}

void Joins::on(const seeder::LayerFinished& event) {
  const LayerInfo& layer = event.layer;
  note_at(parts_.known, layer);
  Roster* const roster = parts_.directory.find_swarm(layer.digest);
  if (roster == nullptr) return;
  for (const NodeId node : roster->nodes()) {
    Member& member = *roster->find(node);
    member.credential.clear();
    if (!member.is_answered) continue;
    parts_.links.send(node, control::Finished{layer.digest, layer.generation, *layer.finished});
  }
}

// The refusal of one source, or to one caller, is not that of another: the others are asked now, for the members that
// named them and have no piece yet. The other members go on by themselves.
void Joins::on(const seeder::LayerRefused& event) {
  const Digest& digest = event.request.digest;
  const Refusal of_another{control::Reason::unavailable, "another source failed: " + event.refusal.what};
  const Roster left = parts_.directory.take_swarm(digest);
  const auto asks_another = [&](const Member& member) {
    return !member.is_answered && asks_otherwise(member, event.request);
  };
  for (const auto& [node, member] : left.members()) {
    if (member.state == MemberState::complete || asks_another(member)) continue;
    const Refusal& refusal = asks_otherwise(member, event.request) ? of_another : event.refusal;
    refuse_or_let_fetch(node, join_of(digest, member), refusal);
  }
  for (const auto& [node, member] : left.members()) {
    if (member.state == MemberState::complete || !asks_another(member)) continue;
    request(node, join_of(digest, member));
  }
}

// Its callers hear of it now, and not once the others' sources have ended. Those that have begun go on: another source
// gives the rest.
void Joins::on(const seeder::SourceRefused& event) {
  const Digest& digest = event.request.digest;
  const Roster* const roster = parts_.directory.find_swarm(digest);
  if (roster == nullptr) return;
  std::vector<WaitingJoin> refused;
  for (const auto& [node, member] : roster->members()) {
    const bool has_begun = member.is_answered || member.state != MemberState::joining;
    const bool is_of_it = !member.source.upstream.empty() && !asks_otherwise(member, event.request);
    if (!has_begun && is_of_it) refused.push_back({node, join_of(digest, member)});
  }
  for (const WaitingJoin& join : refused) refuse_or_let_fetch(join.node, join.join, event.refusal);
}

// ---- what agents are told

void Joins::answer(NodeId node, const LayerInfo& layer) {
  const Member& member = *parts_.directory.swarm(layer.digest).find(node);
  const std::uint64_t size_hint_bytes = member.size_hint_bytes;
  control::Joined answer = joined(layer);
  answer.at_source = is_at_source(parts_.known, layer, member.source.upstream);
  answer.upstream = member.source.upstream;
  if (size_hint_bytes != 0 && size_hint_bytes != layer.size.value) {
    const std::string what = "the layer has " + std::to_string(layer.size.value) + " bytes";
    refuse(node, join_of(layer.digest, member), {control::Reason::size, what});
  } else if (layer.is_small) {
    answer_with_sources(node, layer, std::move(answer));
  } else {
    answer_with_swarm(node, layer, std::move(answer));
  }
}

void Joins::answer_with_swarm(NodeId node, const LayerInfo& layer, control::Joined joined) {
  Roster& roster = parts_.directory.swarm(layer.digest);
  if (roster.generation() != layer.generation) roster.restart(layer.generation);
  Member& member = *roster.find(node);
  member.is_answered = true;
  member.has_seeder = false;  // it asks anew: it may have lost the seeder
  if (layer.finished) member.credential.clear();
  if (roster.give_seeder(node)) joined.peers = {seeder_endpoint_};
  parts_.links.send(node, joined);
  if (layer.finished)
    parts_.links.send(node, control::Finished{layer.digest, layer.generation, *layer.finished});
  ask_holders_to_serve(node, layer.digest, roster);
}

void Joins::answer_with_sources(NodeId node, const LayerInfo& layer, control::Joined joined) {
  leave(node, layer.digest);  // no swarm
  const bool is_empty = layer.size.value == 0;
  if (!is_empty) joined.holders = parts_.small_sources.sources_for(layer.digest, node, parts_.clock.now());
  parts_.links.send(node, joined);
}

// Tells a ready member its neighbours, once on each of its connections: a message on an earlier one may be lost.
void Joins::introduce(NodeId node, const Digest& digest, Roster& roster) {
  const std::uint32_t connection = parts_.directory.find(node)->connection;
  if (std::exchange(roster.find(node)->introduced_on, connection) == connection) return;
  control::Peers peers{digest, roster.generation(), parts_.directory.neighbours_for(roster, node, may_dial(node))};
  const bool is_seeded = parts_.seeder.is_seeding(digest, roster.generation());
  if (is_seeded && roster.give_seeder(node)) peers.peers.push_back(seeder_endpoint_);
  if (!peers.peers.empty()) parts_.links.send(node, peers);
  let_unreachable_dial(node, digest, roster);
}

// For a member that lacks pieces. `left`: is no member any more, and perhaps not connected.
void Joins::ask_holders_to_serve(NodeId member, const Digest& digest, Roster& roster, NodeId left) {
  for (const NodeId holder : parts_.directory.holders(digest, member, Roster::served_by)) {
    if (holder == left || !parts_.links.contains(holder) || !roster.ask_to_serve(holder)) continue;
    parts_.links.send(holder, control::Serve{digest, roster.generation()});
  }
}

void Joins::refuse(NodeId node, const control::Join& join, const Refusal& refusal) {
  parts_.metrics.refused_joins.add();
  leave(node, join.digest);
  const auto retry_after = static_cast<std::uint32_t>(refusal.retry_after.count());
  parts_.links.send(node, control::Refused{join.digest, refusal.reason, refusal.what, retry_after, refusal.of_tracker,
                                           control::wire_form(refusal.answered), join.source.upstream});
}

// What the origin refuses the tracker, the agent's caller may read.
void Joins::refuse_or_let_fetch(NodeId node, const control::Join& join, const Refusal& refusal) {
  leave(node, join.digest);
  const bool may_differ = seeder::depends_on_credential(refusal);
  if (may_differ && parts_.own_fetches.take(node, join, control::wire_form(refusal.answered))) return;
  refuse(node, join, refusal);
}

}  // namespace shoal::tracker
