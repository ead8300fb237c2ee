#include "shared/program/command.hpp"

#include <catch2/catch.hpp>
#include <fstream>
#include <initializer_list>
#include <string>
#include <vector>

#include "shared/core/result.hpp"
#include "tests/doubles/temporary_directory.hpp"

using namespace shoal;

namespace {

// A program with nothing but [log].
struct Sample {
  program::LogOptions log;
  program::ProcessOptions process;
  int served = 0;
  std::string level_served;

  int run(std::initializer_list<const char*> words) {
    std::vector<const char*> argv{"shoal-sample"};
    argv.insert(argv.end(), words);
    argv.push_back(nullptr);
    return program::run(static_cast<int>(argv.size()) - 1, argv.data(),
                        {.name = "shoal-sample",
                         .purpose = "for tests",
                         .describe = [this](config::Section& root) { program::describe(root, log); },
                         .log = log,
                         .process = process,
                         .serve = [this] {
                           ++served;
                           level_served = log.level;
                         }});
  }
};

int run(std::initializer_list<const char*> words) {
  return Sample().run(words);
}

struct File {
  explicit File(const std::string& text) { std::ofstream(path) << text; }
  TemporaryDirectory directory;
  std::string path = directory.path() + "/sample.toml";
};

}  // namespace

TEST_CASE("serve runs the program with the configuration of the file, wherever the option stands") {
  const File file("[log]\nlevel = \"error\"\n");
  Sample sample;
  CHECK(sample.run({"serve", "--config", file.path.c_str()}) == 0);
  CHECK(sample.run({"--config", file.path.c_str(), "serve"}) == 0);
  CHECK(sample.served == 2);
  CHECK(sample.level_served == "error");
}

TEST_CASE("serve without a file runs with the defaults") {
  Sample sample;
  CHECK(sample.run({"serve"}) == 0);
  CHECK(sample.level_served == "info");
}

TEST_CASE("the configuration is checked and printed with serve and without, and nothing is served") {
  const File file("[log]\nlevel = \"error\"\n");
  for (const char* flag : {"--check-config", "--print-config"}) {
    Sample sample;
    CHECK(sample.run({"serve", "--config", file.path.c_str(), flag}) == 0);
    CHECK(sample.run({flag, "--config", file.path.c_str()}) == 0);
    CHECK(sample.served == 0);
  }
}

TEST_CASE("help and version end with 0") {
  for (const char* flag : {"--help", "--version"}) CHECK(run({flag}) == 0);
  CHECK(run({"serve", "--help"}) == 0);
}

TEST_CASE("every bad command line ends with 2") {
  CHECK(run({}) == 2);
  CHECK(run({"--nope"}) == 2);
  CHECK(run({"serve", "--nope"}) == 2);
  CHECK(run({"steer"}) == 2);
  CHECK(run({"serve", "--config"}) == 2);
  CHECK(run({"serve", "extra"}) == 2);
}

TEST_CASE("a bad configuration ends with 2, with serve and with every question about it") {
  const File file("[log]\nlevel = \"loud\"\n");
  for (const char* word : {"serve", "--check-config", "--print-config"}) {
    CHECK(run({word, "--config", file.path.c_str()}) == 2);
    CHECK(run({word, "--config", "/nowhere/at/all.toml"}) == 2);
  }
}

TEST_CASE("a program that cannot start ends with the code of its failure") {
  program::LogOptions log;
  program::ProcessOptions process;
  const char* argv[] = {"shoal-sample", "serve", nullptr};
  const program::Command command{.name = "shoal-sample",
                                 .purpose = "for tests",
                                 .describe = [&](config::Section& root) { program::describe(root, log); },
                                 .log = log,
                                 .process = process,
                                 .serve = [] { throw StartError("the port is taken"); }};
  CHECK(program::run(2, argv, command) == 1);
}

TEST_CASE("a check tells what is doubtful and ends with 0, and with 2 when a file that is named cannot be read") {
  const auto check = [](auto describe) {
    program::LogOptions log;
    program::ProcessOptions process;
    const char* argv[] = {"shoal-sample", "--check-config", nullptr};
    return program::run(2, argv,
                        {.name = "shoal-sample",
                         .purpose = "for tests",
                         .describe = describe,
                         .log = log,
                         .process = process,
                         .serve = [] {}});
  };
  CHECK(check([](config::Section& root) { root.warning("a", "is odd"); }) == 0);
  CHECK(check([](config::Section& root) { root.check_file("a", "/nowhere"); }) == 2);
}

TEST_CASE("a file that cannot be read keeps no program from starting: it may come later") {
  program::LogOptions log;
  program::ProcessOptions process;
  int served = 0;
  const char* argv[] = {"shoal-sample", "serve", nullptr};
  CHECK(program::run(2, argv,
                     {.name = "shoal-sample",
                      .purpose = "for tests",
                      .describe = [](config::Section& root) { root.check_file("a", "/nowhere"); },
                      .log = log,
                      .process = process,
                      .serve = [&] { ++served; }}) == 0);
  CHECK(served == 1);
}

TEST_CASE("a variable of the environment wins over the file") {
  const File file("[log]\nlevel = \"error\"\n");
  Sample sample;
  setenv("SHOAL_LOG_LEVEL", "warning", 1);
  CHECK(sample.run({"serve", "--config", file.path.c_str()}) == 0);
  CHECK(sample.level_served == "warning");
  setenv("SHOAL_LOG_LEVEL", "loud", 1);
  CHECK(run({"serve"}) == 2);
  unsetenv("SHOAL_LOG_LEVEL");
}
