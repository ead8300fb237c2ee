// Config: everything that the tracker's configuration file may say, with the default of each key.
//
// Threads: main, before there are others.
#pragma once

#include <string>

#include "shared/config/config.hpp"
#include "shared/core/units.hpp"
#include "shared/origin/upstreams.hpp"
#include "shared/program/descriptor_budget.hpp"
#include "shared/program/options.hpp"
#include "shared/store/scrub.hpp"

namespace shoal::tracker {

struct ControlOptions {
  ListenAddresses listen = "127.0.0.1:7080";  // agents and API
  bool plaintext = false;                     // must be said for any address but loopback: there is no TLS here
  std::string swarm_key_file;                 // 64 hexadecimal digits; empty: made in the store at the first start
};

struct SeederOptions {
  ListenAddresses listen = "[::]:7082";  // both families
  // IP address that agents dial; empty: the one that `listen` names, else the one by which they reached the tracker.
  std::string advertise;
  ByteRate origin_limit{};  // of all origin fetches together; 0: none
  ByteRate upload_limit{};  // of all swarms together; 0: none
};

struct Config {
  ControlOptions control;
  SeederOptions seeder;
  origin::Options origin;
  store::Options store{.path = "/var/lib/shoal-tracker", .min_free = store::default_min_free};
  store::ScrubOptions scrub;
  program::AdminOptions admin{.listen = "127.0.0.1:7081"};
  program::LogOptions log;
  program::ProcessOptions process;
  program::DescriptorBudget descriptors{};  // no key: what the process is allowed
};

// Names each key once, for reading, checking and printing.
void describe(config::Section& root, Config& config);

}  // namespace shoal::tracker
