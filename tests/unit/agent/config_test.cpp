#include "agent/config.hpp"

#include <catch2/catch.hpp>

using namespace shoal;
using namespace shoal::agent;

namespace {

Options read(const std::string& text) {
  Options options = default_options();
  config::read_text(text, "agent.toml", [&](config::Section& root) { describe(root, options); });
  return options;
}

}  // namespace

TEST_CASE("the endpoint answers to no name and keeps no tag unless it is told to") {
  const Options options = read("");
  CHECK(options.registry.endpoint.hosts.empty());
  CHECK(options.registry.endpoint.stale_if_error == Milliseconds(0));
}

TEST_CASE("the endpoint's names and the age of a stale tag are read") {
  const Options options = read("[registry]\nhosts = [\"Mirror.example.com\", \"node1\"]\nstale_if_error = \"1h\"\n");
  CHECK(options.registry.endpoint.hosts == std::vector<std::string>{"Mirror.example.com", "node1"});
  CHECK(options.registry.endpoint.stale_if_error == std::chrono::hours(1));
}

TEST_CASE("a host with a port, and what is no host at all, is a fault that names it") {
  for (const char* bad : {"mirror.example.com:7070", "http://mirror", "a b", ""}) {
    CAPTURE(bad);
    CHECK_THROWS_WITH(read("[registry]\nhosts = [\"" + std::string(bad) + "\"]\n"),
                      Catch::Contains("hosts") && Catch::Contains("\"" + std::string(bad) + "\" is not a host name"));
  }
}

TEST_CASE("no agent takes the name that the trackers' seeders have") {
  CHECK_THROWS_WITH(read("[node]\nname = \"tracker\"\n"),
                    Catch::Contains("name") && Catch::Contains("is the seeders' name; write another one"));
}

TEST_CASE("the registries that may be asked stand in one place, and the other place says which") {
  CHECK(read("[upstreams]\nallow = [\"ghcr.io\"]\n").upstreams.allow == std::vector<std::string>{"ghcr.io"});
  CHECK_THROWS_WITH(read("[registry]\nallow = [\"ghcr.io\"]\n"),
                    Catch::Contains("agent.toml:2: [registry] allow: write it in [upstreams]"));
}

TEST_CASE("what the agent prints reads back as the same configuration") {
  Options options = read("[upstreams]\nallow = [\"*.example.com\"]\n[log]\nformat = \"json\"\n");
  const auto print = [](Options printed) {
    return config::print([&](config::Section& root) { describe(root, printed); });
  };
  CHECK(print(read(print(options))) == print(options));
}
