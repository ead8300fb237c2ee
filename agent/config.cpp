#include "agent/config.hpp"

#include <unistd.h>

#include "shared/control/messages.hpp"
#include "shared/http/client.hpp"
#include "shared/http/server.hpp"

namespace shoal::agent {
namespace {

using program::listen_key;
using program::word_key;

std::string host_name() {
  char name[256] = {};
  return gethostname(name, sizeof name - 1) == 0 && name[0] != 0 ? name : "localhost";
}

void describe_node(config::Section& section, NodeOptions& node) {
  section.key("name", node.name, "Unique in the cluster; the host's name unless given.");
  section.key("zone", node.zone, "Rack or zone of this node.");
  if (node.name.empty()) section.fault("name", "a node needs a name");
  if (node.name == control::seeder_node) section.fault("name", "is the seeders' name; write another one");
}

// What the configured credentials may have, callers without one get too.
void warn_of_readers(config::Section& section, const ListenAddresses& listen) {
  for (const std::string& address : listen.list()) {
    const auto parts = http::parse_host_port(address);
    if (!parts || http::is_loopback(parts->host)) continue;
    section.warning("listen", "every machine that reaches " + address +
                                  " may read what this node's own credentials may; listen on 127.0.0.1 unless that is meant");
  }
}

void describe_socket(config::Section& section, RegistryOptions& registry) {
  section.key("socket", registry.socket,
              "Path of a Unix socket beside it, for clients that take one, such as \"/run/shoal/registry.sock\"; empty: none.");
  if (!registry.socket.empty() && !registry.socket.starts_with('/')) section.fault("socket", "write an absolute path");
}

void describe_client_header(config::Section& section, std::string& file) {
  section.key("client_header_file", file,
              "File with one line, \"Name: value\": a header that each request must have, so that other users of this "
              "host are refused; empty: none.");
  if (file.empty()) return;
  const auto header = registry::read_client_header(file);
  if (!header) return section.unusable("client_header_file", header.error().what);
  for (const std::string& doubt : registry::doubts_about_client_header(file, *header))
    section.warning("client_header_file", doubt);
}

void describe_access(config::Section& section, access::Options& access) {
  word_key(section, "access", access.mode, {origin::access_origin, origin::access_node},
           "Of registries that do not say: \"origin\": a caller gets what the registry lets it have; \"node\": all who reach "
           "this port get everything.");
  section.key("grant", access.grant,
              "How long the registry's yes to a caller's credential counts, at most; never longer than its token lives.");
  section.key("anonymous_grant", access.anonymous_grant, "The same for callers without a credential.");
  constexpr Milliseconds most = std::chrono::hours(24);
  if (access.grant > most) section.fault("grant", "is at most 24h: a revoked credential reads what is here for so long");
  if (access.anonymous_grant > most) section.fault("anonymous_grant", "is at most 24h");
}

void describe_registry(config::Section& section, RegistryOptions& registry) {
  registry::EndpointOptions& endpoint = registry.endpoint;
  listen_key(section, "listen", registry.listen, "The endpoint for the node's container runtime.");
  warn_of_readers(section, registry.listen);
  describe_socket(section, registry);
  describe_client_header(section, endpoint.client_header_file);
  section.key("default_upstream", endpoint.default_upstream,
              "Registry of requests that name none (docker's registry mirrors).");
  section.key_elsewhere("allow", "upstreams");
  word_key(section, "handover", registry.handover, {"stream", "whole"},
           "\"stream\": verified pieces as they arrive; \"whole\": nothing before the layer's digest matched.");
  endpoint.serve.mode = registry.handover == "whole" ? registry::ServeMode::whole : registry::ServeMode::stream;
  section.key("hosts", endpoint.hosts,
              "Host names by which clients call the endpoint, beside its addresses and localhost; any other name in a "
              "Host header is refused.");
  for (const std::string& host : endpoint.hosts) {
    const auto name = http::parse_host(host);
    if (!name || !http::same_name(*name, host)) section.fault("hosts", "\"" + host + "\" is not a host name");
  }
  describe_access(section, registry.access);
  std::uint32_t& lazy_percent = endpoint.serve.lazy.percent;
  section.key("lazy_percent", lazy_percent,
              "Of a layer that clients read in parts (stargz, SOCI, nydus): per cent that come from the origin by Range "
              "before the whole layer is fetched; 0: it is fetched at once.");
  if (lazy_percent > 100) section.fault("lazy_percent", "write a number from 0 to 100");
  section.key("stale_if_error", endpoint.stale_if_error,
              "How old the last known digest of a tag may be that is served when the origin cannot answer; \"0s\": "
              "none is.");
}

void describe_trackers(config::Section& section, TrackerOptions& trackers) {
  section.key("urls", trackers.urls,
              "All trackers, for example [\"http://tracker:7080\"]. None: a pull-through cache.");
  section.key("plaintext", trackers.plaintext,
              "Talk to trackers on other hosts without TLS: the swarm key is then readable on the network.");
  for (const std::string& text : trackers.urls) {
    const auto url = http::parse_url(text);
    if (!url) {
      section.fault("urls", url.error().what);
    } else if (url->scheme != "http") {
      section.fault("urls", "\"" + text + "\": trackers are reached by http:// in this version");
    } else if (!trackers.plaintext && !http::is_loopback(url->host)) {
      section.fault("urls", "\"" + text + "\" is on another host: set plaintext = true to reach it without TLS");
    }
  }
}

void describe_swarm(config::Section& section, SwarmOptions& swarm) {
  listen_key(section, "listen", swarm.listen, "Pieces from and to other agents, TCP; \"[::]:PORT\": all addresses of both families.");
  listen_key(section, "http_listen", swarm.http_listen,
             "Small layers to other agents, held ones to a tracker that lost its own; HTTP.");
  section.key("advertise", swarm.advertise,
              "Address that other agents reach this node at; empty: the one that `listen` names, else the one the tracker sees.");
  if (!swarm.advertise.empty() && !http::is_ip_address(swarm.advertise)) {
    section.fault("advertise", "\"" + swarm.advertise + "\" is not an IP address; other nodes dial it as it stands");
  }
  section.key("upload_limit", swarm.upload_limit, "Most that leaves for other agents; \"0B/s\": no limit.");
  section.key("download_limit", swarm.download_limit, "Most that comes from other agents; \"0B/s\": no limit.");
}

void describe_activity(config::Section& section, std::string& activity) {
  section.key("activity", activity,
              "Who pulled what by whose right, one line a pull: an absolute path as \"/var/log/shoal/activity.log\" "
              "(rotate: rename, SIGHUP), or \"stderr\"; empty: none.");
  if (activity.empty() || activity == "stderr" || activity.front() == '/') return;
  section.fault("activity", "write an absolute path, or \"stderr\"");
}

// A configuration that is good by its letters and serves next to nothing.
void warn_of_nothing(config::Section& root, const Options& options) {
  const origin::Options& upstreams = options.upstreams;
  if (!options.trackers.urls.empty() || !upstreams.upstreams.empty() || !upstreams.allow.empty()) return;
  const std::string& only = options.registry.endpoint.default_upstream;
  root.warning("trackers", "no tracker is configured, and " +
                               (only.empty() ? "no registry" : "no registry but " + only) +
                               "; write urls in [trackers], and the registries in [upstreams]");
}

}  // namespace

Options default_options() {
  Options options;
  options.node.name = host_name();
  options.store.path = "/var/lib/shoal";
  return options;
}

void describe(config::Section& root, Options& options) {
  root.section("node", [&](config::Section& section) { describe_node(section, options.node); });
  root.section("registry", [&](config::Section& section) { describe_registry(section, options.registry); });
  origin::describe(root, options.upstreams);
  root.section("trackers", [&](config::Section& section) { describe_trackers(section, options.trackers); });
  root.section("swarm", [&](config::Section& section) { describe_swarm(section, options.swarm); });
  store::describe(root, options.store, options.scrub);
  program::describe(root, options.admin, "Health, metrics and status.");
  program::describe(root, options.log, [&](config::Section& section) { describe_activity(section, options.activity); });
  program::describe(root, options.process);
  warn_of_nothing(root, options);
}

}  // namespace shoal::agent
