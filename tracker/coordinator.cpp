#include "tracker/coordinator.hpp"

#include <algorithm>
#include <span>

#include "shared/log/log.hpp"

namespace shoal::tracker {
namespace {

void warn_of_duplicate_name(const directory::Directory& directory, NodeId node, NodeId other) {
  const auto address = [&directory](NodeId id) {
    const auto* agent = directory.find(id);
    return agent->host.with_port(agent->swarm.port);
  };
  log::warning("tracker", "duplicate node name",
               {{"node", directory.find(node)->node},
                {"address", address(node)},
                {"other", address(other)},
                {"next", "give each node a [node] name of its own"}});
}

}  // namespace

Coordinator::Coordinator(Parts parts, Options options)
    : parts_(parts),
      options_(std::move(options)),
      own_fetches_(parts.clock, links_, parts.metrics.joins.own_fetches),
      joins_({parts.clock, parts.directory, parts.reachability, parts.small_sources, parts.seeder, links_, own_fetches_,
              parts.checks.known(), parts.metrics.joins},
             options_.seeder) {}

// ---- connections

Result<NodeId> Coordinator::arrive(const control::Hello& hello, const std::string& source, AgentLink& link) {
  take_seeder_events();
  if (hello.node == options_.seeder.node)
    return fail(ErrorKind::refused, "the name " + hello.node + " is the seeder's");
  const auto arrival = parts_.directory.arrive(hello, source);
  if (!arrival) return tl::unexpected(arrival.error());
  const NodeId id = arrival->id;
  if (arrival->restarted) {
    parts_.reachability.remove(id);  // what was reported of it was of the time between
    joins_.leave_all(id);
    own_fetches_.remove(id);
    parts_.small_sources.remove(id);
  }
  links_.add(id, link);
  parts_.metrics.connected_agents.set(static_cast<std::int64_t>(links_.size()));
  log::info("tracker", "agent connected",
            {{"node", hello.node}, {"zone", hello.zone}, {"address", source}, {"held_layers", hello.held.size()}});
  if (arrival->duplicate_name) warn_of_duplicate_name(parts_.directory, id, *arrival->duplicate_name);
  welcome(id);
  parts_.probes.arrived(id);
  for (const WaitingJoin& waited : own_fetches_.held(hello.held)) joins_.request(waited.node, waited.join);
  return id;
}

void Coordinator::welcome(NodeId node) {
  control::Welcome welcome;
  welcome.swarm_key = parts_.keys.swarm;
  welcome.public_key = parts_.keys.signing.public_key();
  welcome.epoch = options_.epoch;
  links_.send(node, welcome);
  const Time now = parts_.clock.now();
  parts_.directory.set_banned(node, parts_.trust.is_banned(node, now));
  for (const auto& accused : parts_.trust.banned(now)) links_.send(node, control::Ban{accused.node, accused.host});
}

void Coordinator::gone(NodeId node, const AgentLink& link) {
  take_seeder_events();
  if (!links_.remove(node, link)) return;
  parts_.metrics.connected_agents.set(static_cast<std::int64_t>(links_.size()));
  parts_.directory.drop(node, parts_.clock.now());
  log::info("tracker", "agent disconnected", {{"node", parts_.directory.find(node)->node}});
}

void Coordinator::tick() {
  take_seeder_events();
  const Time now = parts_.clock.now();
  for (const NodeId node : parts_.directory.expired(now)) {
    joins_.leave_all(node);
    own_fetches_.remove(node);
    parts_.small_sources.remove(node);
    parts_.reachability.remove(node);
    parts_.directory.remove(node);
  }
  joins_.tick();
  own_fetches_.tick();
  parts_.small_sources.tick(now);
  parts_.trust.tick(now);
  parts_.probes.tick();
}

// ---- messages

void Coordinator::handle(NodeId from, const control::AgentMessage& message) {
  take_seeder_events();
  if (parts_.directory.find(from) == nullptr) return;  // of a replaced connection, after the agent expired
  std::visit([&](const auto& known) { on(from, known); }, message);
}

void Coordinator::on(NodeId from, const control::Progress& progress) {
  if (progress.complete) note_held(from, {progress.digest});
  joins_.note_progress(from, progress);
}

void Coordinator::on(NodeId from, const control::Leave& leave) {
  joins_.leave(from, leave.digest);
  own_fetches_.leave(from, leave.digest);
}

// What an agent was let in to fetch, it has read there: another agent's caller may read it there too, by its own right.
void Coordinator::on(NodeId from, const control::Holds& holds) {
  constexpr std::size_t most = 8;
  for (const Digest& digest : holds.held) {
    for (const std::string& upstream : std::span(holds.upstreams).first(std::min(most, holds.upstreams.size()))) {
      if (own_fetches_.is_fetching(from, digest, upstream)) parts_.checks.known().note_at(upstream, digest);
    }
  }
  note_held(from, holds.held);
}

void Coordinator::note_held(NodeId node, const std::vector<Digest>& digests) {
  parts_.directory.hold(node, digests);
  parts_.small_sources.note_held(node, digests);
  for (const WaitingJoin& waited : own_fetches_.held(digests)) joins_.request(waited.node, waited.join);
}

void Coordinator::on(NodeId from, const control::Lost& lost) {
  parts_.directory.lose(from, lost.layers);
  for (const Digest& digest : lost.layers) joins_.leave(from, digest);
  own_fetches_.failed(from, lost.layers);
}

void Coordinator::on(NodeId from, const control::Resolve& question) {
  parts_.resolver.resolve(question, [this, from](control::Resolved resolved) { links_.send(from, resolved); });
}

void Coordinator::on(NodeId from, const control::Check& question) {
  parts_.checks.check(question, [this, from](control::Checked checked) { links_.send(from, checked); });
}

void Coordinator::on(NodeId from, const control::Blame& blame) {
  parts_.metrics.blames.add();
  const Time now = parts_.clock.now();
  log::warning("tracker", "peer sent a corrupt piece",
               {{"digest", blame.digest.text()},
                {"piece", blame.piece},
                {"peer", blame.node},
                {"host", blame.host},
                {"reported_by", parts_.directory.find(from)->node},
                {"next", "test that node's memory and disk"}});
  if (blame.node == options_.seeder.node) {  // the only seeder cannot be banned: its disk may have lost this layer
    if (suspect_ && !parts_.trust.is_banned(from, now)) suspect_(blame.digest);
    return;
  }
  if (!parts_.trust.report(from, {blame.node, blame.host}, now)) return;
  parts_.metrics.bans.add();
  links_.send_to_all(control::Ban{blame.node, blame.host});
}

void Coordinator::on(NodeId from, const control::RequestHashes& wanted) {
  auto batch = parts_.seeder.batch(wanted.digest, wanted.generation, wanted.piece);
  if (batch) links_.send(from, control::Hashes{wanted.digest, wanted.generation, std::move(*batch)});
}

// An agent may say so of agents that it was named; of another it counts little (Reachability).
void Coordinator::on(NodeId from, const control::Unreachable& report) {
  parts_.metrics.unreachable_reports.add();
  const Time now = parts_.clock.now();
  const directory::Agent& reporter = *parts_.directory.find(from);
  const bool is_pieces = report.service == control::Service::pieces;
  if (report.endpoint.node == options_.seeder.node) {
    log::warning("tracker", "seeder not reached by an agent",
                 {{"port", options_.seeder.port},
                  {"reported_by", reporter.node},
                  {"next", "open the [seeder] listen port (7082) to agents, or set advertise"}});
    return;
  }
  const auto subject = parts_.reachability.find(report.endpoint, report.service);
  if (!subject || *subject == from || !parts_.directory.find(*subject)->is_connected() || parts_.trust.is_banned(from, now)) return;
  if (!parts_.reachability.report(*subject, report.service, reporter.source, now)) return;
  log::warning("tracker", "agent not reached by another",
               {{"node", report.endpoint.node},
                {"host", report.endpoint.host},
                {"port", report.endpoint.port},
                {"what", is_pieces ? "pieces" : "small layers"},
                {"reported_by", reporter.node},
                {"next", "open that node's ports 7072 and 7073 to agents, or set its advertise"}});
  parts_.probes.reported(*subject, report.service);
  if (is_pieces) joins_.dial_back(*subject, from, report.digest);
}

void Coordinator::on(NodeId from, const control::Hello&) {
  links_.close(from, "an agent sent a second hello on one connection");
}

// ---- the seeder

void Coordinator::on(const seeder::HolderCorrupt& event) {
  const seeder::SeedRequest& layer = event.request;
  log::error("tracker", "agent sent a corrupt layer, not asked again",
             {{"digest", layer.digest.text()},
              {"image", layer.image()},
              {"node", event.holder.node},
              {"host", event.holder.host},
              {"next", "test that node's memory and disk"}});
  parts_.trust.distrust(event.holder.node);
}

void Coordinator::take_seeder_events() {
  for (const seeder::Event& event : parts_.events.take()) {
    std::visit([this](const auto& told) { on(told); }, event);
  }
}

}  // namespace shoal::tracker
