#include "tracker/seeder/keys.hpp"

#include <sys/stat.h>

#include <catch2/catch.hpp>
#include <fstream>

#include "tests/doubles/temporary_directory.hpp"

using namespace shoal;
using namespace shoal::tracker::seeder;

namespace {

mode_t mode_of(const std::string& path) {
  struct stat status {};
  REQUIRE(::stat(path.c_str(), &status) == 0);
  return status.st_mode & 0777;
}

}  // namespace

TEST_CASE("keys are made at the first start, readable by the owner alone, and stay the same") {
  const TemporaryDirectory directory;
  const Keys first = open_keys(directory.path(), "");
  const Keys second = open_keys(directory.path(), "");
  CHECK(first.swarm == second.swarm);
  CHECK(first.signing.public_key() == second.signing.public_key());
  CHECK(mode_of(directory.path() + "/swarm.key") == 0600);
  CHECK(mode_of(directory.path() + "/signing.key") == 0600);
  const TemporaryDirectory other;
  CHECK(open_keys(other.path(), "").swarm != first.swarm);
}

TEST_CASE("a shared swarm key comes from its file") {
  const TemporaryDirectory directory;
  const std::string path = directory.path() + "/cluster.key";
  std::ofstream(path) << std::string(62, '0') << "2a\n";
  const Keys keys = open_keys(directory.path(), path);
  CHECK(keys.swarm.back() == std::byte{0x2a});
}

TEST_CASE("a key file that is missing, short or not hexadecimal is said to be so") {
  const TemporaryDirectory directory;
  const std::string path = directory.path() + "/cluster.key";
  CHECK_THROWS_AS(open_keys(directory.path(), path), StartError);
  std::ofstream(path) << "abcd\n";
  CHECK_THROWS_AS(open_keys(directory.path(), path), StartError);
  CHECK_THROWS_AS(open_keys(directory.path() + "/nowhere", ""), StartError);
}
