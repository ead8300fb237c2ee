// Options that both programs have, and keys of their kinds.
//
// Threads: main, before there are others.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "shared/config/config.hpp"

namespace shoal::program {

struct LogOptions {
  std::string level = "info";
  std::string format = "text";
};

struct ProcessOptions {
  bool core_dumps = false;  // the program's memory has passwords and tokens: for the search for a fault only
};

struct AdminOptions {
  ListenAddresses listen;            // health, metrics, status: on loopback unless asked for, nothing for other machines
  ListenAddresses metrics_listen{};  // /metrics alone, beside it; empty: nowhere else
};

// Reads, checks and prints [log]; `further`: keys of one program alone.
void describe(config::Section& root, LogOptions& options, const std::function<void(config::Section&)>& further = {});
// Reads, checks and prints [process].
void describe(config::Section& root, ProcessOptions& options);
// Reads, checks and prints [admin]; `comment` of its address.
void describe(config::Section& root, AdminOptions& options, std::string_view comment);

// An address to listen on, or a list of them, which have one port. False when one is faulty, which is then reported.
bool listen_key(config::Section& section, std::string_view name, ListenAddresses& place, std::string_view comment);

// One of several words.
void word_key(config::Section& section, std::string_view name, std::string& place,
              const std::vector<std::string>& words, std::string_view comment);

}  // namespace shoal::program
