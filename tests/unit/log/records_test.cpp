// Lines for other programs, in a file of their own.
#include "shared/log/records.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "shared/log/writer.hpp"
#include "tests/doubles/temporary_directory.hpp"

using namespace shoal;
using namespace std::chrono_literals;

namespace {

std::string content_of(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

struct Fixture {
  log::RecordOptions options(const std::string& format = "text") const { return {"activity", path, format}; }

  TemporaryDirectory directory;
  std::string path = directory.path() + "/records.log";
};

}  // namespace

TEST_CASE("a date is written in UTC with milliseconds") {
  CHECK(log::date_text(1'764'522'000'007ms) == "2025-11-30T17:00:00.007Z");
  CHECK(log::date_text(0ms) == "1970-01-01T00:00:00.000Z");
  CHECK(log::date_text(-1ms) == "1969-12-31T23:59:59.999Z");
}

TEST_CASE("a record is one line, whatever its values are") {
  Fixture f;
  {
    log::Records records(f.options());
    records.write(0ms, {{"name", "a\nb=\"c\""}, {"count", 3}, {"none", ""}});
  }
  CHECK(content_of(f.path) == "time=1970-01-01T00:00:00.000Z name=\"a\\x0ab=\\\"c\\\"\" count=3 none=\"\"\n");
}

TEST_CASE("in JSON numbers are numbers") {
  Fixture f;
  {
    log::Records records(f.options("json"));
    records.write(0ms, {{"name", "a\nb"}, {"count", 3}, {"is", true}});
  }
  CHECK(content_of(f.path) == "{\"time\":\"1970-01-01T00:00:00.000Z\",\"name\":\"a\\u000ab\",\"count\":3,\"is\":true}\n");
}

TEST_CASE("a long value is cut") {
  Fixture f;
  {
    log::Records records(f.options());
    records.write(0ms, {{"name", std::string(1 << 20, 'x')}});
  }
  CHECK(content_of(f.path).size() < log::Records::longest_value + 100);
  CHECK(content_of(f.path).ends_with("x...\n"));
}

TEST_CASE("a new file may be read by its group, whatever the umask, and an old one is appended to") {
  Fixture f;
  const mode_t before = ::umask(0077);
  { log::Records(f.options()).write(0ms, {{"n", 1}}); }
  ::umask(before);
  struct stat file {};
  REQUIRE(::stat(f.path.c_str(), &file) == 0);
  CHECK((file.st_mode & 07777) == 0640);
  { log::Records(f.options()).write(0ms, {{"n", 2}}); }
  CHECK(content_of(f.path) == "time=1970-01-01T00:00:00.000Z n=1\ntime=1970-01-01T00:00:00.000Z n=2\n");
}

TEST_CASE("half a line that a killed process left stays by itself") {
  Fixture f;
  std::ofstream(f.path) << "time=19";
  { log::Records(f.options()).write(0ms, {{"n", 1}}); }
  CHECK(content_of(f.path) == "time=19\ntime=1970-01-01T00:00:00.000Z n=1\n");
}

TEST_CASE("records go to no symbolic link, directory or pipe, and to no directory that is not there") {
  Fixture f;
  const std::string target = f.directory.path() + "/target";
  std::ofstream(target) << "kept";
  REQUIRE(::symlink(target.c_str(), f.path.c_str()) == 0);
  CHECK_THROWS_AS(log::Records(f.options()), StartError);
  CHECK(content_of(target) == "kept");
  std::filesystem::remove(f.path);
  REQUIRE(::mkfifo(f.path.c_str(), 0600) == 0);
  CHECK_THROWS_AS(log::Records(f.options()), StartError);
  CHECK_THROWS_AS(log::Records({"activity", f.directory.path(), "text"}), StartError);
  CHECK_THROWS_AS(log::Records({"activity", f.directory.path() + "/none/file", "text"}), StartError);
}

TEST_CASE("after a rename and a reopening lines go to a new file, and the old one has all before") {
  Fixture f;
  const std::string old = f.path + ".1";
  {
    log::Records records(f.options());
    records.write(0ms, {{"n", 1}});
    REQUIRE(records.flush());
    std::filesystem::rename(f.path, old);
    records.write(0ms, {{"n", 2}});  // nobody has said so yet
    REQUIRE(records.flush());
    REQUIRE(records.reopen());
    records.write(0ms, {{"n", 3}});
  }
  CHECK(content_of(old) == "time=1970-01-01T00:00:00.000Z n=1\ntime=1970-01-01T00:00:00.000Z n=2\n");
  CHECK(content_of(f.path) == "time=1970-01-01T00:00:00.000Z n=3\n");
}

TEST_CASE("a reopening that fails leaves the old file in use") {
  Fixture f;
  const std::string old = f.path + ".1";
  {
    log::Records records(f.options());
    std::filesystem::rename(f.path, old);
    REQUIRE(::symlink(old.c_str(), f.path.c_str()) == 0);
    CHECK_FALSE(records.reopen());
    records.write(0ms, {{"n", 1}});
  }
  CHECK(content_of(old) == "time=1970-01-01T00:00:00.000Z n=1\n");
}

TEST_CASE("while the disk is full lines wait, and come whole and in order once there is room") {
  Fixture f;
  const int descriptor = ::open("/dev/full", O_WRONLY | O_CLOEXEC);
  REQUIRE(descriptor >= 0);
  std::atomic<int> refused = 0;
  {
    log::Writer writer(
        descriptor, 100, [](std::uint64_t count) { return "dropped " + std::to_string(count) + "\n"; },
        [&refused](int error) { refused = error; });
    for (int i = 0; i < 20; ++i) writer.write(std::string(9, static_cast<char>('a' + i)) + "\n");
    while (refused == 0) std::this_thread::yield();
    CHECK(refused == ENOSPC);
    CHECK(writer.dropped_lines() == 10);
    const int file = ::open(f.path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    REQUIRE(::dup3(file, descriptor, O_CLOEXEC) == descriptor);
    ::close(file);
    CHECK(writer.flush(20s));
  }
  ::close(descriptor);
  std::string expected;
  for (char c = 'a'; c <= 'j'; ++c) expected += std::string(9, c) + "\n";
  CHECK(content_of(f.path) == expected + "dropped 10\n");
}
