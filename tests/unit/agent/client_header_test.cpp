#include "agent/registry/client_header.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cstdio>
#include <fstream>

using namespace shoal;
using namespace shoal::agent::registry;

namespace {

class SecretFile {
 public:
  explicit SecretFile(const std::string& content) {
    char name[] = "/tmp/shoal-test-XXXXXX";
    const int descriptor = ::mkostemp(name, O_CLOEXEC);
    if (descriptor < 0) std::abort();
    ::close(descriptor);
    path = name;
    write(content);
  }
  ~SecretFile() { ::unlink(path.c_str()); }
  SecretFile(const SecretFile&) = delete;
  SecretFile& operator=(const SecretFile&) = delete;

  void write(const std::string& content) { std::ofstream(path) << content; }
  void replace(const std::string& content) {  // as a rotation does
    std::ofstream(path + ".next") << content;
    ::rename((path + ".next").c_str(), path.c_str());
  }
  std::string path;
};

constexpr const char* value = "0123456789abcdef0123456789abcdef";

http::Request with(http::Headers headers) {
  http::Request request;
  request.headers = std::move(headers);
  return request;
}

std::string why_not(const std::string& content) {
  const SecretFile file(content);
  const auto header = read_client_header(file.path);
  if (header) return "";
  return header.error().what.substr(file.path.size());
}

}  // namespace

TEST_CASE("only a request with exactly the header of the file is admitted") {
  Loop loop;
  ManualClock clock(loop);
  const SecretFile file(std::string("X-Shoal-Client: ") + value + "\n");
  ClientHeader header(clock, file.path);
  CHECK(header.admits(with({{"Host", "h"}, {"X-Shoal-Client", value}})));
  CHECK(header.admits(with({{"x-shoal-client", value}})));
  const std::string longer = std::string(value) + "0";
  const std::string shorter = std::string(value).substr(1);
  const std::string upper = "0123456789ABCDEF0123456789ABCDEF";
  for (const std::string& wrong : {longer, shorter, upper, std::string(), std::string("*")}) {
    CAPTURE(wrong);
    CHECK_FALSE(header.admits(with({{"X-Shoal-Client", wrong}})));
  }
  CHECK_FALSE(header.admits(with({})));
  CHECK_FALSE(header.admits(with({{"X-Shoal-Clients", value}})));
  CHECK_FALSE(header.admits(with({{"X-Shoal-Client", value}, {"X-Shoal-Client", value}})));
  CHECK_FALSE(header.admits(with({{"X-Shoal-Client", shorter}, {"X-Shoal-Client", value}})));
}

TEST_CASE("without a file every request is admitted") {
  Loop loop;
  ManualClock clock(loop);
  ClientHeader header(clock, "");
  CHECK(header.admits(with({})));
}

TEST_CASE("a renewed file counts at the next request, replaced or written over") {
  Loop loop;
  ManualClock clock(loop);
  SecretFile file("X-Client: first-first-first\n");
  ClientHeader header(clock, file.path);
  CHECK(header.admits(with({{"X-Client", "first-first-first"}})));
  file.replace("X-Client: other-other-other\n");
  CHECK_FALSE(header.admits(with({{"X-Client", "first-first-first"}})));
  CHECK(header.admits(with({{"X-Client", "other-other-other"}})));
  file.write("X-Client: third-third-third\n");  // of the same size, within the same tick
  CHECK(header.admits(with({{"X-Client", "third-third-third"}})));
  CHECK_FALSE(header.admits(with({{"X-Client", "other-other-other"}})));
  clock.advance(Milliseconds(1'001));
  CHECK(header.admits(with({{"X-Client", "third-third-third"}})));
  file.replace("X-Client: fourth-of-the-files\n");
  CHECK(header.admits(with({{"X-Client", "fourth-of-the-files"}})));
}

TEST_CASE("while the file cannot be used its last header counts, and without one no request is admitted") {
  Loop loop;
  ManualClock clock(loop);
  SecretFile file("X-Client: first-first-first");
  ClientHeader header(clock, file.path);
  file.write("");
  CHECK(header.admits(with({{"X-Client", "first-first-first"}})));
  ::unlink(file.path.c_str());
  CHECK(header.admits(with({{"X-Client", "first-first-first"}})));
  CHECK_FALSE(header.admits(with({})));
  ClientHeader never(clock, file.path);
  CHECK_FALSE(never.admits(with({})));
  CHECK_FALSE(never.admits(with({{"X-Client", "first-first-first"}})));
  CHECK_FALSE(never.admits(with({{"", ""}})));
  file.write("X-Client: first-first-first");
  CHECK(never.admits(with({{"X-Client", "first-first-first"}})));
}

TEST_CASE("a file that is not one line of that form is refused, and what is in it is not told") {
  CHECK(why_not("X-Client: a value of words\r\n").empty());
  CHECK(why_not("X-Client:value").empty());
  for (const char* bad : {"X-Client\n", "X-Client:\n", ": value\n", "X Client: value\n", "X-Client: a\nX-Other: b\n", "X-Client: a\n\n",
                          "X-Client: \x01\n", "X-Cli\xc3\xa9nt: value\n", "X-Client: \x7f\n"}) {
    CAPTURE(bad);
    CHECK(why_not(bad) == ": must hold exactly one line, \"Name: value\"");
  }
  for (const char* taken : {"Authorization: secret\n", "host: secret\n", "Range: secret\n", "OCI-Namespace: secret\n"}) {
    CAPTURE(taken);
    CHECK(why_not(taken) == ": its header has a meaning of its own; choose a name such as X-Shoal-Client");
  }
  CHECK(why_not("") == ": cannot be read, is empty or too long");
  CHECK(why_not("X-Client: " + std::string(5'000, 'x')) == ": cannot be read, is empty or too long");
  CHECK_FALSE(read_client_header("/dev/zero"));
  CHECK_FALSE(read_client_header("/tmp"));
}

TEST_CASE("a file that others can read, or a value that they can guess, is doubtful") {
  const SecretFile file(std::string("X-Client: ") + value);
  const auto doubts = [&] { return doubts_about_client_header(file.path, *read_client_header(file.path)); };
  CHECK(doubts().empty());  // mkostemp makes it 0600
  ::chmod(file.path.c_str(), 0644);
  REQUIRE(doubts().size() == 1);
  CHECK_THAT(doubts()[0], Catch::Contains("can be read by every user"));
  ::chmod(file.path.c_str(), 0640);
  CHECK(doubts().empty());
  CHECK_THAT(doubts_about_client_header(file.path, {"X-Client", Secret("short")}).at(0), Catch::Contains("openssl rand -hex 32"));
}
