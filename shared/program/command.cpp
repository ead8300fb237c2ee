#include "shared/program/command.hpp"

#include <unistd.h>

#include <CLI/CLI.hpp>
#include <csignal>
#include <cstdio>

#include "shared/core/descriptors.hpp"
#include "shared/core/freed_memory.hpp"
#include "shared/core/result.hpp"
#include "shared/log/log.hpp"
#include "shared/program/core_dumps.hpp"

namespace shoal::program {
namespace {

struct Arguments {
  std::string config_file;
  bool print_config = false;
  bool check_config = false;
  bool serve = false;
  bool answered = false;  // --help or --version
};

Arguments parse(int argc, const char* const* argv, const Command& command) {
  Arguments arguments;
  CLI::App app(command.name + ": " + command.purpose);
  app.set_version_flag("--version", command.name + " " + SHOAL_VERSION);
  app.add_option("--config", arguments.config_file, "Configuration file (TOML); without it the defaults are in force");
  app.add_flag("--print-config", arguments.print_config, "Print the configuration in force and end");
  app.add_flag("--check-config", arguments.check_config, "Check the configuration and end");
  const CLI::App* serve = app.add_subcommand("serve", "Run until SIGTERM")->fallthrough();
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& shown) {
    app.exit(shown);
    arguments.answered = true;
  } catch (const CLI::ParseError& error) {
    throw StartError(std::string(error.what()) + "; " + command.name + " --help shows the options", 2);
  }
  arguments.serve = serve->parsed();
  return arguments;
}

config::Variables environment() {
  config::Variables variables;
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    const std::string text = *entry;
    const std::size_t equals = text.find('=');
    if (equals != std::string::npos) variables.emplace(text.substr(0, equals), text.substr(equals + 1));
  }
  return variables;
}

// A file that is missing keeps no program from starting: it may come later. Whoever checks wants to know it now.
void check(const std::vector<config::Notice>& notices) {
  std::string missing;
  for (const config::Notice& notice : notices) {
    if (notice.is_missing_file) missing += (missing.empty() ? "" : "\n") + notice.text;
    if (!notice.is_missing_file) std::puts(("warning: " + notice.text).c_str());
  }
  if (!missing.empty()) throw StartError(missing, 2);
  std::puts(notices.empty() ? "the configuration is good" : "the configuration can be used");
}

void run(const Arguments& arguments, const Command& command) {
  const config::Variables variables = environment();
  const auto notices = arguments.config_file.empty()
                           ? config::read_text("", "without a file", command.describe, variables)
                           : config::read_file(arguments.config_file, command.describe, variables);
  if (arguments.print_config) {
    std::fputs(config::print(command.describe, variables).c_str(), stdout);
  } else if (arguments.check_config) {
    check(notices);
  } else if (arguments.serve) {
    raise_descriptor_limit();
    log::configure(command.log.level, command.log.format);
    log::flush_at_crash();
    configure_core_dumps(command.process);
    for (const config::Notice& notice : notices) {
      log::warning("program", "doubtful configuration",
                   {{"cause", notice.text}, {"next", "mend that line; --check-config tells the same"}});
    }
    command.serve();
  } else {
    throw StartError("nothing to do; write " + command.name + " serve --config FILE", 2);
  }
}

}  // namespace

int run(int argc, const char* const* argv, const Command& command) {
  try {
    open_standard_descriptors();
    forbid_core_dumps();
    overwrite_freed_memory();
    std::signal(SIGPIPE, SIG_IGN);  // sendfile to a client that is gone
    std::signal(SIGHUP, SIG_IGN);   // a terminal that is closed
    std::signal(SIGUSR1, SIG_IGN);  // for log rotation, say: it has no meaning here and must not end the program
    std::signal(SIGUSR2, SIG_IGN);
    const Arguments arguments = parse(argc, argv, command);
    if (!arguments.answered) run(arguments, command);
    return 0;
  } catch (const StartError& error) {
    log::print(command.name + ": " + error.what());
    return error.exit_code();
  }
}

}  // namespace shoal::program
