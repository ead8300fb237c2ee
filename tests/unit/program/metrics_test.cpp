#include "shared/program/metrics.hpp"

#include <catch2/catch.hpp>
#include <cstdio>
#include <memory>
#include <sstream>

using namespace shoal;

namespace {

double value_of(const std::string& name) {
  metrics::Page page("agent");
  program::add_to_page(page);
  std::istringstream rest(page.text());
  for (std::string line; std::getline(rest, line);) {
    if (line.starts_with(name + " ")) return std::stod(line.substr(name.size()));
  }
  FAIL("no " << name);
  return 0;
}

}  // namespace

TEST_CASE("a program tells what it takes, as the kernel counts it") {
  CHECK(value_of("process_resident_memory_bytes") > 1 << 20);
  CHECK(value_of("process_virtual_memory_bytes") > value_of("process_resident_memory_bytes"));
  CHECK(value_of("process_cpu_seconds_total") >= 0);
  CHECK(value_of("process_open_fds") >= 3);
  CHECK(value_of("process_max_fds") >= value_of("process_open_fds"));
  CHECK(value_of("process_start_time_seconds") > 1.7e9);  // 2023
  CHECK(value_of("shoal_agent_build_info{version=\"" SHOAL_VERSION "\"}") == 1);
}

TEST_CASE("a descriptor that is open counts") {
  const double before = value_of("process_open_fds");
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen("/dev/null", "r"), std::fclose);
  REQUIRE(file);
  CHECK(value_of("process_open_fds") == before + 1);
}
