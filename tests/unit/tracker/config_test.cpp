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
  CHECK(config.seeder.listen == "0.0.0.0:7082");
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
