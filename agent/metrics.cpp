#include "agent/metrics.hpp"

#include "shared/http/room.hpp"
#include "shared/program/metrics.hpp"

namespace shoal::agent {

namespace {

// One row for each that is configured.
void add_trackers(metrics::Page& page, const link::Trackers& trackers) {
  for (const auto& each : trackers.all()) {
    const link::TrackerLink& link = *each;
    const std::string tracker = metrics::label("tracker", link.url());
    page.add_gauge("tracker_up", tracker, "1 while the tracker is connected and not silent.",
                   [&link] { return link.up() ? 1.0 : 0.0; });
    page.add_counter("tracker_failed_dials_total", tracker, "Connections that the tracker did not welcome.",
                     [&link] { return link.health().failed_dials(); });
  }
}

static_assert(small_layer_limit == 256_KiB, "the smallest class of SizedHistogram");

void add_pull(metrics::Page& page, const pull::Metrics& pull) {
  const char* requested = "Layers that callers requested: held already, or pulled.";
  page.add("pull_layers_total", "result=\"held\"", requested, pull.hits);
  page.add("pull_layers_total", "result=\"pulled\"", requested, pull.pulls);
  page.add("pull_failed_layers_total", "", "Layers that no source could deliver.", pull.pulls_failed);
  page.add("pull_corrupt_layers_total", "", "Whole layers whose digest did not match.", pull.outcomes.corrupt_layers);
  page.add("pull_fallbacks_total", "", "Layers that the cluster could not deliver.", pull.origin_fallbacks);
  page.add("origin_received_bytes_total", "", "Bytes of layers from the origin itself.", pull.bytes.origin);
  page.add("pull_resumed_bytes_total", "",
           "Bytes that an earlier pull had left and that were not received again.", pull.bytes.resumed);
  page.add("pull_uncached_layers_total", "", "Layers that the store had no room for.",
           pull.uncached_layers);
  page.add("small_received_bytes_total", "", "Bytes of small layers from another agent or a tracker.",
           pull.bytes.holder);
  page.add("small_hedged_requests_total", "",
           "Requests for small layers to a further node, while the first was silent for longer than usual.",
           pull.holders.hedged_requests);
  page.add("small_failed_requests_total", "",
           "Requests for small layers that a node did not answer in time, or answered with wrong bytes.",
           pull.holders.failed_requests);

  page.add("part_received_bytes_total", "",
           "Bytes of parts of layers from the origin, read by Range for a client and not kept.", pull.parts.bytes);
  page.add("part_failed_total", "", "Parts that the origin did not give; their layer was fetched instead.",
           pull.parts.failed);

  page.add("pull_unknown_layers_total", "", "Layers that the origin does not have.", pull.outcomes.unknown_layers);
  page.add("pull_refused_layers_total", "", "Layers that the origin refused to the caller, which got its challenge.",
           pull.outcomes.refused_layers);
  page.add("pull_not_manifests_total", "", "Answers of origins to questions for a tag that were no manifest.",
           pull.outcomes.not_manifests);
  page.add("pull_seconds", "From the start of a pull that ended well to the layer held, by size.", pull.outcomes.pull_time);
  page.add("tracker_wait_seconds", "", "From a join to its answer, or to the end of the patience.", pull.outcomes.tracker_wait);
}

void add_swarm(metrics::Page& page, const swarm::Metrics& swarm, const pull::Metrics& pull) {
  const char* received = "Bytes of pieces from other nodes, by their role.";
  page.add("swarm_received_bytes_total", "source=\"peers\"", received, swarm.received_from_peers_bytes);
  page.add("swarm_received_bytes_total", "source=\"seeder\"", received, swarm.received_from_seeder_bytes);
  page.add("swarm_sent_bytes_total", "", "Bytes of pieces to other nodes.", swarm.sent_bytes);
  page.add("swarm_duplicate_bytes_total", "", "Bytes of pieces that came twice.", swarm.duplicate_bytes);
  page.add("swarm_corrupt_pieces_total", "", "Pieces that did not match their signed hash.",
           swarm.corrupt_pieces);
  page.add("swarm_reassigned_pieces_total", "",
           "Pieces that one peer did not deliver in time and that another was asked for.", swarm.reassigned_pieces);
  page.add("swarm_unreached_peers_total", "", "Peers that a tracker named and that could not be dialled.",
           pull.reach.unreached_peers);
  page.add("swarm_lagging_peers_total", "", "Peers that owed pieces which others delivered meanwhile.",
           pull.reach.lagging_peers);
  page.add("swarm_unreached_seeders_total", "",
           "Pulls that went on to the origin because the seeder could not be dialled.", pull.reach.unreached_seeders);
  page.add("swarm_seeder_only_layers_total", "",
           "Layers that came from the seeder alone, because none of the peers that were named was connected.",
           pull.reach.seeder_only_layers);
  page.add("swarm_layers", "",
           "Layers fetched or served in a swarm now; others that are held cost nothing there.", pull.swarms);
  page.add("swarm_connections", "", "Open connections to other nodes.", swarm.connections);
}

void add_registry(metrics::Page& page, const registry::Metrics& registry) {
  page.add_counters("registry_requests_total", "Requests of runtimes that were answered, by kind and status.",
                    [&registry] { return registry.requests.values(); });
  for (std::size_t i = 0; i < pull::source_names.size(); ++i) {
    page.add("served_bytes_total", metrics::label("source", pull::source_names.at(i)),
             "Bytes of layers, manifests and lists that runtimes got, by where they came from to this node.",
             registry.served_bytes.at(i));
  }
  page.add("first_byte_seconds", "From a request to the first byte of its answer, by the answer's size.",
           registry.first_byte);
  page.add("registry_unknown_registry_requests_total", "", "Requests for a registry that is not configured.",
           registry.unknown_registry_requests);
  page.add("registry_wrong_host_requests_total", "", "Requests whose Host is not this endpoint's.",
           registry.wrong_host_requests);
  page.add("registry_unknown_client_requests_total", "", "Requests without the header of client_header_file.",
           registry.unknown_client_requests);
  for (const http::Doing doing : {http::Doing::silent, http::Doing::stalled, http::Doing::busy}) {
    page.add("registry_closed_for_room_total", metrics::label("state", http::name_of(doing)),
             "Connections closed for other clients while all were taken, by what they did.",
             registry.closed_for_room.at(static_cast<std::size_t>(doing)));
  }
  page.add("registry_unserved_requests_total", "", "Requests with a method or path that is not served.",
           registry.unserved_requests);
}

}  // namespace

void add_to_page(metrics::Page& page, const Metrics& metrics, const store::Store& store,
                 const link::Trackers& trackers) {
  add_registry(page, metrics.registry);
  add_pull(page, metrics.pull);
  add_swarm(page, metrics.swarm, metrics.pull);
  store::add_to_page(page, store, metrics.scrub);
  add_trackers(page, trackers);
  page.add("admin_wrong_host_requests_total", "", "Requests to the admin port whose Host is not its own.",
           metrics.admin_wrong_hosts);
  program::add_to_page(page);
}

}  // namespace shoal::agent
