// shoal-agent: the node-local registry endpoint and swarm member. README.md has its commands.
#include "agent/program.hpp"
#include "shared/program/command.hpp"

int main(int argc, char** argv) {
  using namespace shoal;
  agent::Options options = agent::default_options();
  return program::run(argc, argv,
                      {.name = "shoal-agent",
                       .purpose = "container image layers from peers, verified, on a local registry endpoint",
                       .describe = [&](config::Section& root) { agent::describe(root, options); },
                       .log = options.log,
                       .process = options.process,
                       .serve = [&] { agent::Program(std::move(options)).run(); }});
}
