#include "agent/config.hpp"

#include <unistd.h>

#include "shared/control/messages.hpp"
#include "shared/http/client.hpp"
#include "shared/http/server.hpp"

namespace shoal::agent {
namespace {

std::string host_name() {
  char name[256] = {};
  return gethostname(name, sizeof name - 1) == 0 && name[0] != 0 ? name : "localhost";
}

void listen_key(config::Section& section, std::string_view name, std::string& place, std::string_view comment) {
  section.key(name, place, comment);
  const auto parsed = http::parse_host_port(place);
  if (!parsed) section.fault(name, parsed.error().what);
}

void word_key(config::Section& section, std::string_view name, std::string& place,
              const std::vector<std::string>& words, std::string_view comment) {
  section.key(name, place, comment);
  std::string list;
  for (const std::string& word : words) {
    if (place == word) return;
    list += (list.empty() ? "\"" : ", \"") + word + "\"";
  }
  section.fault(name, "one of " + list);
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
  listen_key(section, "listen", swarm.listen, "Pieces from and to other agents, TCP.");
  listen_key(section, "http_listen", swarm.http_listen,
             "Small layers to other agents, held ones to a tracker that lost its own; HTTP.");
  section.key("advertise", swarm.advertise,
              "Address that other agents reach this node at; empty: the one the tracker sees.");
  section.key("upload_limit", swarm.upload_limit, "Most that leaves for other agents; \"0B/s\": no limit.");
  section.key("download_limit", swarm.download_limit, "Most that comes from other agents; \"0B/s\": no limit.");
}

}  // namespace

Options default_options() {
  Options options;
  options.node.name = host_name();
  options.store.path = "/var/lib/shoal";
  return options;
}

void describe(config::Section& root, Options& options) {
  root.section("node", [&](config::Section& section) {
    section.key("name", options.node.name, "Unique in the cluster; the host's name unless given.");
    section.key("zone", options.node.zone, "Rack or zone of this node.");
    if (options.node.name.empty()) section.fault("name", "a node needs a name");
    if (options.node.name == control::seeder_node) section.fault("name", "is the seeders' name; write another one");
  });
  root.section("registry", [&](config::Section& section) {
    RegistryOptions& registry = options.registry;
    listen_key(section, "listen", registry.listen, "The endpoint for the node's container runtime.");
    section.key("default_upstream", registry.endpoint.default_upstream,
                "Registry of requests that name none (docker's registry mirrors).");
    origin::describe_allow(section, options.upstreams);
    word_key(section, "handover", registry.handover, {"stream", "whole"},
             "\"stream\": verified pieces as they arrive; \"whole\": nothing before the layer's digest matched.");
    registry.endpoint.serve.mode =
        registry.handover == "whole" ? registry::ServeMode::whole : registry::ServeMode::stream;
    section.key(
        "hosts", registry.endpoint.hosts,
        "Host names by which clients call the endpoint, beside its addresses and localhost; any other name in a "
        "Host header is refused.");
    for (const std::string& host : registry.endpoint.hosts) {
      const auto name = http::parse_host(host);
      if (!name || !http::same_name(*name, host)) section.fault("hosts", "\"" + host + "\" is not a host name");
    }
    section.key("stale_if_error", registry.endpoint.stale_if_error,
                "How old the last known digest of a tag may be that is served when the origin cannot answer; \"0s\": "
                "none is.");
  });
  origin::describe(root, options.upstreams, origin::Allow::elsewhere);
  root.section("trackers", [&](config::Section& section) { describe_trackers(section, options.trackers); });
  root.section("swarm", [&](config::Section& section) { describe_swarm(section, options.swarm); });
  store::describe(root, options.store, options.scrub);
  root.section("admin", [&](config::Section& section) {
    listen_key(section, "listen", options.admin_listen, "Health, metrics and status.");
  });
  root.section("log", [&](config::Section& section) {
    word_key(section, "level", options.log_level, {"debug", "info", "warning", "error"}, "Least severe line written.");
    word_key(section, "format", options.log_format, {"text", "json"}, "Form of a line, on standard error.");
  });
}

}  // namespace shoal::agent
