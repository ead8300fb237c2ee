#include "tracker/config.hpp"

#include "shared/http/server.hpp"
#include "tracker/directory/peer_host.hpp"

namespace shoal::tracker {
namespace {

// An address to listen on; false when it is faulty, which is then reported.
bool address(config::Section& section, std::string& place, const char* comment) {
  section.key("listen", place, comment);
  if (section.printing()) return true;
  const auto parsed = http::parse_host_port(place);
  if (!parsed) section.fault("listen", parsed.error().what);
  return parsed.has_value();
}

void describe_control(config::Section& section, ControlOptions& options) {
  const bool good = address(section, options.listen, "where agents and the API's clients connect");
  section.key("plaintext", options.plaintext, "allow unencrypted connections from other machines");
  section.key("swarm_key_file", options.swarm_key_file,
              "64 hexadecimal digits, the cluster's secret; empty: made in the store at the first start");
  if (section.printing() || !good || options.plaintext) return;
  if (!http::is_loopback(http::parse_host_port(options.listen)->host)) {
    section.fault("listen",
                  "is not a loopback address and the control channel is not encrypted; write plaintext = true "
                  "if the network is trusted, or listen on 127.0.0.1");
  }
}

void describe_seeder(config::Section& section, SeederOptions& options) {
  address(section, options.listen, "where agents fetch pieces");
  section.key("advertise", options.advertise,
              "IP address that agents dial for pieces; empty: the one by which they reached the tracker");
  section.key("origin_limit", options.origin_limit, "of all reading from origins; 0B/s: none");
  section.key("upload_limit", options.upload_limit, "of all sending to agents; 0B/s: none");
  if (section.printing() || options.advertise.empty()) return;
  const auto host = PeerHost::parse(options.advertise);
  if (!host) section.fault("advertise", host.error().what);
}

void describe_log(config::Section& section, LogOptions& options) {
  section.key("level", options.level, "debug, info, warning or error");
  section.key("format", options.format, "text or json");
  if (section.printing()) return;
  const bool known_level =
      options.level == "debug" || options.level == "info" || options.level == "warning" || options.level == "error";
  if (!known_level) section.fault("level", "is not debug, info, warning or error");
  if (options.format != "text" && options.format != "json") section.fault("format", "is not text or json");
}

}  // namespace

void describe(config::Section& root, Config& config) {
  root.section("control", [&](config::Section& section) { describe_control(section, config.control); });
  root.section("seeder", [&](config::Section& section) { describe_seeder(section, config.seeder); });
  origin::describe(root, config.origin);
  store::describe(root, config.store, config.scrub);
  root.section("admin", [&](config::Section& section) { address(section, config.admin.listen, "health and metrics"); });
  root.section("log", [&](config::Section& section) { describe_log(section, config.log); });
}

Config read_config(const std::string& path) {
  Config config;
  if (!path.empty()) config::read_file(path, [&](config::Section& root) { describe(root, config); });
  return config;
}

std::string print_config(Config config) {
  return config::print([&](config::Section& root) { describe(root, config); });
}

}  // namespace shoal::tracker
