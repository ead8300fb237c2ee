// shoal-tracker: the command line. Source of the library: CLI11, here only.
#include <CLI/CLI.hpp>
#include <cstdio>

#include "shared/core/descriptors.hpp"
#include "shared/log/log.hpp"
#include "tracker/tracker.hpp"

namespace {

struct CommandLine {
  std::string config_path;
  bool print_config = false;
  bool check_config = false;
};

void run(const CommandLine& command_line) {
  using namespace shoal;
  tracker::Config config = tracker::read_config(command_line.config_path);
  if (command_line.print_config) {
    std::fputs(tracker::print_config(config).c_str(), stdout);
  } else if (command_line.check_config) {
    std::puts("the configuration is good");
  } else {
    raise_descriptor_limit();
    log::configure(config.log.level, config.log.format);
    log::flush_at_abort();
    tracker::Tracker(std::move(config)).run();
  }
}

int run_reporting(const CommandLine& command_line) {
  try {
    run(command_line);
    return 0;
  } catch (const shoal::StartError& error) {
    shoal::log::print(std::string("shoal-tracker: ") + error.what());
    return error.exit_code();
  }
}

}  // namespace

int main(int argc, char** argv) {
  shoal::open_standard_descriptors();
  CLI::App app("shoal-tracker: brings container image layers into the cluster once, and its agents together");
  app.set_version_flag("--version", std::string("shoal-tracker ") + SHOAL_VERSION);
  CommandLine command_line;
  app.add_option("--config", command_line.config_path, "configuration file (TOML); defaults without one");
  app.add_flag("--print-config", command_line.print_config, "print the configuration in force and end");
  app.add_flag("--check-config", command_line.check_config, "check the configuration file and end");
  CLI::App* serve = app.add_subcommand("serve", "run the tracker")->fallthrough();
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }

  if (!serve->parsed() && !command_line.print_config && !command_line.check_config) {
    shoal::log::print("shoal-tracker: nothing to do; write shoal-tracker serve --config FILE");
    return 2;
  }
  return run_reporting(command_line);
}
