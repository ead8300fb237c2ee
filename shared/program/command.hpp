// Command: the command line of both programs, and their exit codes.
//
//   NAME serve [--config FILE]        runs until SIGTERM
//   NAME --print-config | --check-config [--config FILE]
//   NAME --version | --help
// An option may stand before or after `serve`. SHOAL_<SECTION>_<KEY> in the environment wins over the file.
//
// Threads: main, before there are others.
#pragma once

#include <functional>
#include <string>

#include "shared/config/config.hpp"
#include "shared/program/options.hpp"

namespace shoal::program {

struct Command {
  std::string name;           // "shoal-agent"
  std::string purpose;        // one line, for --help
  config::Describe describe;  // reads, checks and prints the program's options
  const LogOptions& log;      // among those options
  const ProcessOptions& process;  // the same
  std::function<void()> serve;
};

// The whole of `main`. 0; 1 when the program cannot start; 2 for a bad command line or configuration, which no restart
// mends. A failure is one line on standard error.
int run(int argc, const char* const* argv, const Command& command);

}  // namespace shoal::program
