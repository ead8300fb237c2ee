#include "tracker/config.hpp"

#include <catch2/catch.hpp>

using namespace shoal;
using namespace shoal::tracker;

namespace {

Config read(const std::string& text) {
  Config config;
  config::read_text(text, "tracker.toml", [&](config::Section& root) { describe(root, config); });
  return config;
}

std::string print(Config config) {
  return config::print([&](config::Section& root) { describe(root, config); });
}

// The line that says what is wrong; empty when nothing is.
std::string fault(const std::string& text) {
  try {
    read(text);
    return "";
  } catch (const StartError& error) {
    CHECK(error.exit_code() == 2);
    return error.what();
  }
}

}  // namespace

TEST_CASE("without a file the tracker listens on loopback and seeds everywhere") {
  const Config config = read("");
  CHECK(config.control.listen == "127.0.0.1:7080");
  CHECK(config.seeder.listen == "[::]:7082");
  CHECK(config.admin.listen == "127.0.0.1:7081");
  CHECK(config.store.path == "/var/lib/shoal-tracker");
  CHECK(config.store.capacity == 50_GiB);
}

TEST_CASE("what is printed reads back as the same configuration") {
  const Config config =
      read("[seeder]\norigin_limit = \"10MiB/s\"\n[control]\nlisten = \"0.0.0.0:7080\"\nplaintext = true\n");
  CHECK(config.seeder.origin_limit == ByteRate{10 << 20});
  CHECK(print(read(print(config))) == print(config));
}

TEST_CASE("an unencrypted control channel for other machines must be asked for, and the fault says how") {
  CHECK(fault("[control]\nlisten = \"0.0.0.0:7080\"\n").find("plaintext = true") != std::string::npos);
  CHECK(fault("[control]\nlisten = \"[::]:7080\"\n").find("plaintext = true") != std::string::npos);
  CHECK(fault("[control]\nlisten = \"0.0.0.0:7080\"\nplaintext = true\n").empty());
  CHECK(fault("[control]\nlisten = \"[::1]:7080\"\n").empty());
  CHECK(fault("[control]\nlisten = [\"127.0.0.1:7080\", \"[::1]:7080\"]\n").empty());
  CHECK(fault("[control]\nlisten = [\"127.0.0.1:7080\", \"10.0.0.1:7080\"]\n").find("plaintext = true") !=
        std::string::npos);
}

TEST_CASE("an address key takes one address or several, which have one port") {
  const Config config = read("[seeder]\nlisten = [\"0.0.0.0:7082\", \"[::]:7082\"]\n");
  CHECK(config.seeder.listen == std::vector<std::string>{"0.0.0.0:7082", "[::]:7082"});
  CHECK(fault("[seeder]\nlisten = [\"10.0.0.1:7082\", \"10.0.0.2:7083\"]\n").find("one port") != std::string::npos);
  CHECK(fault("[seeder]\nlisten = []\n").find("names no address") != std::string::npos);
  CHECK(fault("[seeder]\nlisten = [\"10.0.0.1:7082\", 5]\n").find("a list of them") != std::string::npos);
}

TEST_CASE("unknown keys, bad addresses, levels and advertised names are faults, all in one go") {
  const std::string faults = fault(
      "[control]\nlisten = \"here\"\n[seeder]\nadvertise = \"tracker.example.com\"\n[log]\nlevel = \"loud\"\n[tls]\nca "
      "= \"x\"\n");
  for (const char* word : {"listen", "advertise", "level", "tls"}) {
    INFO(word);
    CHECK(faults.find(word) != std::string::npos);
  }
}

TEST_CASE("a tracker without a registry and a key file that is not there are noticed") {
  Config config;
  const auto notices = config::read_text("[control]\nswarm_key_file = \"/nowhere/key\"\n", "f",
                                         [&](config::Section& root) { describe(root, config); });
  REQUIRE(notices.size() == 2);
  CHECK_THAT(notices[0].text, Catch::Contains("no registry is configured"));
  CHECK_THAT(notices[1].text, Catch::Contains("f:2: [control] swarm_key_file: /nowhere/key cannot be read"));
  CHECK(notices[1].is_missing_file);
}
