#include "agent/config.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <fstream>

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

namespace {

// What is noticed in a configuration that is good otherwise.
std::vector<config::Notice> notices(const std::string& text) {
  Options options = default_options();
  return config::read_text(text, "f", [&](config::Section& root) { describe(root, options); });
}

constexpr const char* sound = "[upstreams]\nallow = [\"ghcr.io\"]\n";

}  // namespace

TEST_CASE("a configuration with a registry or a tracker is noticed for nothing") {
  CHECK(notices(sound).empty());
  CHECK(notices("[trackers]\nurls = [\"http://127.0.0.1:7080\"]\n").empty());
}

TEST_CASE("an agent that can serve next to nothing is noticed") {
  REQUIRE(notices("").size() == 1);
  CHECK_THAT(notices("")[0].text, Catch::Contains("no tracker is configured, and no registry but docker.io"));
  CHECK_THAT(notices("[registry]\ndefault_upstream = \"\"\n")[0].text, Catch::Contains("and no registry;"));
}

TEST_CASE("an endpoint that other machines can read is noticed") {
  const auto found = notices(std::string(sound) + "[registry]\nlisten = \"0.0.0.0:7070\"\n");
  REQUIRE(found.size() == 1);
  CHECK_THAT(found[0].text, Catch::Contains("every machine that reaches 0.0.0.0:7070"));
}

TEST_CASE("a file with a client header is opened, and noticed when it cannot be read or keeps nobody off") {
  const std::string file = "/tmp/shoal-test-config-header-" + std::to_string(::getpid());
  const std::string text = std::string(sound) + "[registry]\nclient_header_file = \"" + file + "\"\n";
  REQUIRE(notices(text).size() == 1);
  CHECK(notices(text)[0].is_missing_file);
  CHECK_THAT(notices(text)[0].text, Catch::Contains("[registry] client_header_file"));
  std::ofstream(file) << "X-Client: canary-canary-canary\n";
  ::chmod(file.c_str(), 0644);
  REQUIRE(notices(text).size() == 1);
  CHECK_FALSE(notices(text)[0].is_missing_file);
  CHECK_THAT(notices(text)[0].text, Catch::Contains("can be read by every user") && !Catch::Contains("canary"));
  ::chmod(file.c_str(), 0600);
  CHECK(notices(text).empty());
  ::unlink(file.c_str());
}

TEST_CASE("the path of a socket is absolute") {
  CHECK(read("[registry]\nsocket = \"/run/shoal/registry.sock\"\n").registry.socket == "/run/shoal/registry.sock");
  CHECK_THROWS_WITH(read("[registry]\nsocket = \"registry.sock\"\n"), Catch::Contains("write an absolute path"));
}

TEST_CASE("who may have what is the registry's word unless the configuration says otherwise") {
  CHECK(read("").registry.access.mode == "origin");
  CHECK(read("").registry.access.grant == std::chrono::minutes(5));
  CHECK(read("").registry.access.anonymous_grant == std::chrono::hours(1));
  const Options options = read("[registry]\naccess = \"node\"\ngrant = \"1m\"\nanonymous_grant = \"2h\"\n");
  CHECK(options.registry.access.mode == "node");
  CHECK(options.registry.access.grant == std::chrono::minutes(1));
  CHECK(options.registry.access.anonymous_grant == std::chrono::hours(2));
  CHECK_THROWS_WITH(read("[registry]\naccess = \"all\"\n"), Catch::Contains("access"));
  CHECK_THROWS_WITH(read("[registry]\ngrant = \"25h\"\n"), Catch::Contains("is at most 24h"));
}

TEST_CASE("a store whose path depends on where the program starts is noticed") {
  const auto found = notices(std::string(sound) + "[store]\npath = \"layers\"\n");
  REQUIRE(found.size() == 1);
  CHECK_THAT(found[0].text, Catch::Contains("[store] path: is relative"));
}

TEST_CASE("an advertised name is a fault, as it is at the tracker") {
  CHECK_THROWS_WITH(read("[swarm]\nadvertise = \"node2.example.com\"\n"), Catch::Contains("is not an IP address"));
  CHECK(read("[swarm]\nadvertise = \"10.1.2.3\"\n").swarm.advertise == "10.1.2.3");
}

TEST_CASE("the printed configuration shows the keys of a registry though none is configured") {
  Options options = default_options();
  const std::string printed = config::print([&](config::Section& root) { describe(root, options); });
  CHECK_THAT(printed, Catch::Contains("# [upstreams.\"registry.example.com:5000\"]\n"));
  for (const char* key : {"url", "path_prefix", "ca", "client_certificate", "client_key", "insecure", "username_file", "password_file", "auth_file",
        "credential_helper", "proxy", "proxy_username_file", "proxy_password_file", "realms", "redirects",
        "access", "offline_grace"}) {
    CHECK_THAT(printed, Catch::Contains("\n# " + std::string(key) + " = "));
  }
  CHECK_THAT(printed, Catch::Contains("One of \"debug\", \"info\", \"warning\", \"error\"."));
  CHECK(options.upstreams.upstreams.empty());
}
