#include "tracker/config.hpp"

#include "shared/http/server.hpp"
#include "tracker/directory/peer_host.hpp"

namespace shoal::tracker {
namespace {

void describe_control(config::Section& section, ControlOptions& options) {
  const bool good = program::listen_key(section, "listen", options.listen, "Where agents and the API's clients connect.");
  section.key("plaintext", options.plaintext, "Accept unencrypted connections from other machines.");
  section.key("swarm_key_file", options.swarm_key_file,
              "File with the cluster's secret, 64 hexadecimal digits; empty: made in the store at the first start.");
  if (section.printing() || !good || options.plaintext) return;
  if (!http::is_loopback(http::parse_host_port(options.listen)->host)) {
    section.fault("listen",
                  "is not a loopback address and the control channel is not encrypted; write plaintext = true "
                  "if the network is trusted, or listen on 127.0.0.1");
  }
}

void describe_seeder(config::Section& section, SeederOptions& options) {
  program::listen_key(section, "listen", options.listen, "Where agents fetch pieces, TCP.");
  section.key("advertise", options.advertise,
              "IP address that agents dial for pieces; empty: the one by which they reached the tracker.");
  section.key("origin_limit", options.origin_limit, "Most that is read from all origins together; \"0B/s\": no limit.");
  section.key("upload_limit", options.upload_limit, "Most that is sent to all agents together; \"0B/s\": no limit.");
  if (section.printing() || options.advertise.empty()) return;
  const auto host = directory::PeerHost::parse(options.advertise);
  if (!host) section.fault("advertise", host.error().what);
}

}  // namespace

void describe(config::Section& root, Config& config) {
  root.section("control", [&](config::Section& section) { describe_control(section, config.control); });
  root.section("seeder", [&](config::Section& section) { describe_seeder(section, config.seeder); });
  origin::describe(root, config.origin);
  store::describe(root, config.store, config.scrub);
  program::describe(root, config.admin, "Health and metrics.");
  program::describe(root, config.log);
}

}  // namespace shoal::tracker
