#include "tracker/config.hpp"

#include <algorithm>

#include "shared/http/server.hpp"
#include "tracker/directory/peer_host.hpp"

namespace shoal::tracker {
namespace {

void describe_control(config::Section& section, ControlOptions& options) {
  const bool good = program::listen_key(section, "listen", options.listen, "Where agents and the API's clients connect.");
  section.key("plaintext", options.plaintext, "Accept unencrypted connections from other machines.");
  section.key("swarm_key_file", options.swarm_key_file,
              "Path of a file that holds the cluster's secret, 64 hexadecimal digits; empty: made in the store at the first "
              "start.");
  section.check_file("swarm_key_file", options.swarm_key_file);
  if (section.printing() || !good || options.plaintext) return;
  const auto is_local = [](const std::string& address) {
    return http::is_loopback(http::parse_host_port(address)->host);
  };
  if (!std::all_of(options.listen.list().begin(), options.listen.list().end(), is_local)) {
    section.fault("listen",
                  "is not a loopback address and the control channel is not encrypted; write plaintext = true "
                  "if the network is trusted, or listen on 127.0.0.1");
  }
}

void describe_seeder(config::Section& section, SeederOptions& options) {
  program::listen_key(section, "listen", options.listen, "Where agents fetch pieces, TCP; \"[::]:PORT\": all addresses of both families.");
  section.key("advertise", options.advertise,
              "IP address that agents dial for pieces; empty: the one that `listen` names, else the one by which they reached the "
              "tracker.");
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
  program::describe(root, config.process);
  if (config.origin.upstreams.empty() && config.origin.allow.empty()) {
    root.warning("upstreams", "no registry is configured, so that every join is refused; write them in [upstreams]");
  }
}

}  // namespace shoal::tracker
