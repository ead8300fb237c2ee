// shoal-agent: the node-local registry endpoint and swarm member. See README.md for its commands.
#include <CLI/CLI.hpp>
#include <cstdio>

#include "agent/program.hpp"
#include "shared/core/descriptors.hpp"
#include "shared/log/log.hpp"

namespace {

struct Command {
  std::string config_file;
  bool print_config = false;
  bool check_config = false;
};

shoal::agent::Options read_options(const Command& command) {
  shoal::agent::Options options = shoal::agent::default_options();
  if (command.config_file.empty()) return options;
  shoal::config::read_file(command.config_file,
                           [&](shoal::config::Section& root) { shoal::agent::describe(root, options); });
  return options;
}

void serve(const Command& command) {
  shoal::agent::Options options = read_options(command);
  if (command.print_config) {
    const std::string text =
        shoal::config::print([&](shoal::config::Section& root) { shoal::agent::describe(root, options); });
    std::fputs(text.c_str(), stdout);
    return;
  }
  if (command.check_config) {
    std::puts("the configuration is good");
    return;
  }
  shoal::raise_descriptor_limit();
  shoal::log::configure(options.log_level, options.log_format);
  shoal::log::flush_at_abort();
  shoal::agent::Program program(std::move(options));
  program.run();
}

}  // namespace

int main(int argc, char** argv) {
  shoal::open_standard_descriptors();
  CLI::App app{"Shoal agent: container image layers from peers, verified, on a local registry endpoint"};
  app.set_version_flag("--version", "shoal-agent " SHOAL_VERSION);
  app.require_subcommand(1);
  Command command;
  CLI::App* serve_command = app.add_subcommand("serve", "Run the agent until SIGTERM");
  serve_command->add_option("--config", command.config_file, "TOML file; without it the defaults are in force");
  serve_command->add_flag("--print-config", command.print_config, "Print the configuration in force and end");
  serve_command->add_flag("--check-config", command.check_config, "Say whether the configuration is good and end");
  CLI11_PARSE(app, argc, argv);
  try {
    serve(command);
    return 0;
  } catch (const shoal::StartError& error) {
    shoal::log::print(std::string("shoal-agent: ") + error.what());
    return error.exit_code();
  }
}
