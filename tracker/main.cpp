// shoal-tracker: brings layers into the cluster once, and its agents together. README.md has its commands.
#include "shared/program/command.hpp"
#include "tracker/tracker.hpp"

int main(int argc, char** argv) {
  using namespace shoal;
  tracker::Config config;
  return program::run(argc, argv,
                      {.name = "shoal-tracker",
                       .purpose = "brings container image layers into the cluster once, and its agents together",
                       .describe = [&](config::Section& root) { tracker::describe(root, config); },
                       .log = config.log,
                       .process = config.process,
                       .serve = [&] { tracker::Tracker(std::move(config)).run(); }});
}
