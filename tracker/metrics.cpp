#include "tracker/metrics.hpp"

#include "shared/program/metrics.hpp"

namespace shoal::tracker {
namespace {

void add_origin(metrics::Page& page, const seeder::SeederMetrics& seeder, const ResolverMetrics& resolver) {
  page.add("origin_requests_total", "what=\"layers\"", "Questions to origins.", seeder.origin_requests);
  page.add("origin_requests_total", "what=\"tags\"", "Questions to origins.", resolver.origin_questions);
  page.add("origin_received_bytes_total", "", "Bytes of layers received from origins.",
           seeder.origin_received_bytes);
  page.add("agents_received_bytes_total", "",
           "Bytes of layers received from agents, that the store did not have.", seeder.agents_received_bytes);
  page.add("origin_failed_layers_total", "", "Layers that origins could not deliver.", seeder.origin_failures);
  page.add("origin_unknown_layers_total", "", "Layers that origins do not have.", seeder.unknown_layers);
  page.add("origin_corrupt_layers_total", "", "Layers whose bytes from the origin did not match their digest.",
           seeder.corrupt_layers);
  const char* unknown = "Requests of agents for a registry that is not configured here.";
  page.add("unknown_registry_requests_total", "what=\"layers\"", unknown, seeder.unknown_registries);
  page.add("unknown_registry_requests_total", "what=\"tags\"", unknown, resolver.unknown_registries);
}

void add_checks(metrics::Page& page, const CheckMetrics& checks) {
  page.add("unknown_registry_requests_total", "what=\"checks\"",
           "Requests of agents for a registry that is not configured here.", checks.unknown_registries);
  const char* answers = "Answers to agents that ask whether an origin has a layer for callers without a credential.";
  page.add("checks_total", "result=\"known\"", answers, checks.known);
  page.add("checks_total", "result=\"allowed\"", answers, checks.allowed);
  page.add("checks_total", "result=\"refused\"", answers, checks.refused);
  page.add("checks_total", "result=\"failed\"", answers, checks.failed);
  page.add("origin_requests_total", "what=\"checks\"", "Questions to origins.", checks.origin_questions);
}

void add_swarm(metrics::Page& page, const swarm::Metrics& swarm) {
  page.add("swarm_sent_bytes_total", "", "Bytes of pieces sent to agents.", swarm.sent_bytes);
  page.add("swarm_reassigned_pieces_total", "", "Pieces that one agent did not confirm in time.",
           swarm.reassigned_pieces);
  page.add("swarm_connections", "", "Connections to agents in all swarms.", swarm.connections);
}

}  // namespace

void add_to_page(metrics::Page& page, const Metrics& metrics, const store::Store& store) {
  const CoordinatorMetrics& coordinator = metrics.coordinator;
  page.add("unstored_layers_total", "", "Layers seeded from memory, without room in the store.",
           metrics.seeder.unstored_layers);
  page.add("connected_agents", "", "Agents with a control connection.", coordinator.connected_agents);
  page.add("joins_total", "", "Joins by agents.", coordinator.joins.joins);
  page.add("refused_joins_total", "", "Joins that were refused.", coordinator.joins.refused_joins);
  page.add("own_fetches_total", "", "Layers left to an agent, which its caller's own credential lets read them.",
           coordinator.joins.own_fetches);
  page.add("blames_total", "", "Reports of wrong bytes from a peer.", coordinator.blames);
  page.add("bans_total", "", "Nodes banned because two others reported them.", coordinator.bans);
  page.add("unreachable_reports_total", "", "Reports of agents that another node could not be reached.",
           coordinator.unreachable_reports);
  const char* unreachable = "Connected agents that others are not sent to, because they could not be reached.";
  page.add("unreachable_agents", "what=\"pieces\"", unreachable, coordinator.probes.unreachable_pieces);
  page.add("unreachable_agents", "what=\"small_layers\"", unreachable,
           coordinator.probes.unreachable_small);
  page.add("failed_probes_total", "", "Ports of agents that the tracker tried and that did not answer.",
           coordinator.probes.failed);
  page.add("resolves_total", "", "Questions for tags by agents.", metrics.resolver.questions);
  page.add("not_manifests_total", "", "Answers of origins to questions for a tag that were no manifest.",
           metrics.resolver.not_manifests);
  page.add("seeding_layers", "", "Layers in a swarm.", metrics.seeder.seeding_layers);
  add_origin(page, metrics.seeder, metrics.resolver);
  add_checks(page, metrics.checks);
  add_swarm(page, metrics.swarm);
  store::add_to_page(page, store, metrics.scrub);
  page.add("admin_wrong_host_requests_total", "", "Requests to the admin port whose Host is not its own.",
           metrics.admin_wrong_hosts);
  program::add_to_page(page);
}

void add_origins_to_page(metrics::Page& page, const origin::Metrics& origins) {
  origin::add_to_page(page, origins);
}

}  // namespace shoal::tracker
