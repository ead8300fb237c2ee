// Configuration of the agent: one struct per part; every key with its default and why. `describe` names the keys once,
// for reading, checking and printing.
//
// Threads: main, before there are others.
#pragma once

#include <string>
#include <vector>

#include "agent/registry/endpoint.hpp"
#include "shared/config/config.hpp"
#include "shared/origin/upstreams.hpp"
#include "shared/program/descriptor_budget.hpp"
#include "shared/program/options.hpp"
#include "shared/store/scrub.hpp"
#include "shared/swarm/swarm.hpp"

namespace shoal::agent {

struct NodeOptions {
  std::string name;  // the host's name unless given
  std::string zone;
};

struct RegistryOptions {
  ListenAddresses listen = "127.0.0.1:7070";
  std::string socket;  // path of a Unix socket beside it; empty: none
  std::string handover = "stream";
  registry::EndpointOptions endpoint;
  access::Options access;
};

struct TrackerOptions {
  std::vector<std::string> urls;  // none: a plain pull-through cache
  bool plaintext = false;
};

struct SwarmOptions {
  ListenAddresses listen = "[::]:7072";  // both families
  ListenAddresses http_listen = "[::]:7073";
  std::string advertise;
  ByteRate upload_limit{};
  ByteRate download_limit{};
};

struct Options {
  NodeOptions node;
  RegistryOptions registry;
  origin::Options upstreams;
  TrackerOptions trackers;
  SwarmOptions swarm;
  store::Options store{.min_free = store::default_min_free};
  store::ScrubOptions scrub;
  program::AdminOptions admin{.listen = "127.0.0.1:7071"};
  program::LogOptions log;
  program::ProcessOptions process;
  std::string activity{};  // a file's absolute path, or "stderr"; empty: no activity log
  program::DescriptorBudget descriptors{};  // no key: what the process is allowed
};

Options default_options();
void describe(config::Section& root, Options& options);

}  // namespace shoal::agent
