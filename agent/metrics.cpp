#include "agent/metrics.hpp"

#include "shared/log/log.hpp"

namespace shoal::agent {

namespace {

std::string label(std::string_view name, std::string_view value) {
  std::string text(name);
  text += "=\"";
  for (const char c : value) {
    if (c == '"' || c == '\\') text += '\\';
    text += c;
  }
  return text + '"';
}

// One row for each that is configured.
void add_trackers(metrics::Page& page, const link::Trackers& trackers) {
  for (const auto& each : trackers.all()) {
    const link::TrackerLink& link = *each;
    const std::string tracker = label("tracker", link.url());
    page.add_gauge("tracker_up", tracker, "1 while the tracker is connected and not silent.",
                   [&link] { return link.up() ? 1.0 : 0.0; });
    page.add_counter("tracker_failed_dials_total", tracker, "Connections that the tracker did not welcome.",
                     [&link] { return link.health().failed_dials(); });
  }
}

}  // namespace

void add_to_page(metrics::Page& page, const Metrics& metrics, const store::Store& store,
                 const link::Trackers& trackers) {
  const pull::Metrics& pull = metrics.pull;
  const char* requested = "Layers that callers requested: held already, or pulled.";
  page.add("pull_layers_total", "result=\"held\"", requested, pull.hits);
  page.add("pull_layers_total", "result=\"pulled\"", requested, pull.pulls);
  page.add("pull_failed_layers_total", "", "Layers that no source could deliver.", pull.pulls_failed);
  page.add("pull_corrupt_layers_total", "", "Whole layers whose digest did not match.", pull.layers_corrupt);
  page.add("pull_fallbacks_total", "", "Layers that the cluster could not deliver.", pull.origin_fallbacks);
  page.add("origin_received_bytes_total", "", "Bytes of layers from the origin itself.", pull.origin_bytes);
  page.add("pull_resumed_bytes_total", "",
           "Bytes that an earlier pull had left and that were not received again.", pull.resumed_bytes);
  page.add("pull_uncached_layers_total", "", "Layers that the store had no room for.",
           pull.uncached_layers);
  page.add("pull_passed_through_bytes_total", "", "Bytes of layers without room that passed to their readers.",
           pull.passed_bytes);
  page.add("small_received_bytes_total", "", "Bytes of small layers from another agent or a tracker.",
           pull.holder_bytes);
  page.add("small_hedged_requests_total", "",
           "Requests for small layers to a further node, while the first was silent for longer than usual.",
           pull.holders.hedged_requests);
  page.add("small_failed_requests_total", "",
           "Requests for small layers that a node did not answer in time, or answered with wrong bytes.",
           pull.holders.failed_requests);

  page.add("part_received_bytes_total", "",
           "Bytes of parts of layers from the origin, read by Range for a client and not kept.", pull.part_bytes);
  page.add("part_failed_total", "", "Parts that the origin did not give; their layer was fetched instead.",
           pull.failed_parts);

  const swarm::Metrics& swarm = metrics.swarm;
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
           metrics.pull.reach.unreached_peers);
  page.add("swarm_unreached_seeders_total", "",
           "Pulls that went on to the origin because the seeder could not be dialled.", metrics.pull.reach.unreached_seeders);
  page.add("swarm_seeder_only_layers_total", "",
           "Layers that came from the seeder alone, because none of the peers that were named was connected.",
           metrics.pull.reach.seeder_only_layers);
  page.add("swarm_layers", "",
           "Layers fetched or served in a swarm now; others that are held cost nothing there.", metrics.pull.swarms);
  page.add("swarm_connections", "", "Open connections to other nodes.", swarm.connections);

  store::add_to_page(page, store, metrics.scrub);
  add_trackers(page, trackers);
  page.add_counter("log_dropped_lines_total", "", "Log lines dropped because standard error was not read.",
                   log::dropped_lines);
  page.add_counter("log_repeated_lines_total", "", "Warnings not written: the same one was, less than a minute before.",
                   log::repeated_lines);
}

}  // namespace shoal::agent
