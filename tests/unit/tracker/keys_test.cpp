#include "tracker/seeder/keys.hpp"

#include <sys/stat.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>

#include "shared/log/log.hpp"
#include "tests/doubles/temporary_directory.hpp"

using namespace shoal;
using namespace shoal::tracker::seeder;

namespace {

mode_t mode_of(const std::string& path) {
  struct stat status {};
  REQUIRE(::stat(path.c_str(), &status) == 0);
  return status.st_mode & 0777;
}

// Warnings that were left out, since the same one had been written.
std::uint64_t seen_warnings() {
  return log::repeated_lines();
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

TEST_CASE("a new key is never written through a link, and what stood in its way is gone") {
  const TemporaryDirectory directory;
  const std::string target = directory.path() + "/target";
  std::ofstream(target) << "keep";
  std::filesystem::create_symlink(target, directory.path() + "/swarm.key.new");
  std::ofstream(directory.path() + "/signing.key.new") << "the rest of a start that was cut off";
  open_keys(directory.path(), "");
  std::string kept;
  std::ifstream(target) >> kept;
  CHECK(kept == "keep");
  for (const char* name : {"/swarm.key", "/signing.key"}) {
    CHECK(std::filesystem::is_regular_file(std::filesystem::symlink_status(directory.path() + name)));
    CHECK_FALSE(std::filesystem::exists(std::filesystem::symlink_status(directory.path() + name + ".new")));
  }
}

TEST_CASE("a key of the store that is a link is refused, wherever it leads, with what to do") {
  const TemporaryDirectory other;
  open_keys(other.path(), "");
  for (const char* name : {"/swarm.key", "/signing.key"}) {
    for (const std::string& target : {other.path() + name, other.path() + "/nowhere"}) {
      const TemporaryDirectory directory;
      std::filesystem::create_symlink(target, directory.path() + name);
      CAPTURE(target);
      CHECK_THROWS_WITH(open_keys(directory.path(), ""), Catch::Contains("is a symbolic link") && Catch::Contains("swarm_key_file"));
    }
  }
  CHECK_FALSE(std::filesystem::exists(other.path() + "/nowhere"));
}

TEST_CASE("a shared swarm key may be a link, as Kubernetes' secrets are, and no pipe or directory") {
  const TemporaryDirectory directory;
  const std::string path = directory.path() + "/cluster.key";
  std::ofstream(path) << std::string(62, '0') << "2a\n";
  std::filesystem::create_symlink(path, directory.path() + "/link");
  CHECK(open_keys(directory.path(), directory.path() + "/link").swarm.back() == std::byte{0x2a});
  REQUIRE(::mkfifo((directory.path() + "/pipe").c_str(), 0600) == 0);
  CHECK_THROWS_WITH(open_keys(directory.path(), directory.path() + "/pipe"), Catch::Contains("is no file"));
  CHECK_THROWS_WITH(open_keys(directory.path(), directory.path()), Catch::Contains("is no file"));
}

TEST_CASE("a key that others may read is used, and warned of") {
  const TemporaryDirectory directory;
  const std::string path = directory.path() + "/swarm.key";
  const Keys first = open_keys(directory.path(), "");
  const std::uint64_t before = seen_warnings();
  for (const mode_t mode : {0640, 0604, 0620}) {
    REQUIRE(::chmod(path.c_str(), mode) == 0);
    CHECK(open_keys(directory.path(), "").swarm == first.swarm);
  }
  CHECK(seen_warnings() == before + 2);  // the same one is written once a minute
  REQUIRE(::chmod(path.c_str(), 0600) == 0);
  open_keys(directory.path(), "");
  CHECK(seen_warnings() == before + 2);
}
