#include "shared/config/config.hpp"

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <map>

#include "tests/doubles/temporary_directory.hpp"

using namespace shoal;

namespace {

struct Host {
  std::string url;
  bool insecure = false;
  friend bool operator==(const Host&, const Host&) = default;
};

struct Sample {
  std::string path = "/var/lib/shoal";
  ByteCount capacity = 50_GiB;
  ByteRate limit{};
  Milliseconds patience{5000};
  std::uint32_t peers = 12;
  bool strict = true;
  std::vector<std::string> allow;
  std::map<std::string, Host> hosts;
  friend bool operator==(const Sample&, const Sample&) = default;
};

std::vector<std::string> names(const std::map<std::string, Host>& hosts) {
  std::vector<std::string> out;
  for (const auto& [name, host] : hosts) out.push_back(name);
  return out;
}

config::Describe describe(Sample& sample) {
  return [&sample](config::Section& root) {
    root.section("store", [&](config::Section& store) {
      store.key("path", sample.path, "Where layers are kept.");
      store.key("capacity", sample.capacity, "Most bytes of layers.\nOlder ones make room.");
      store.key("limit", sample.limit, "0B/s: none.");
      store.key("patience", sample.patience, "How long to wait.");
      store.key("peers", sample.peers, "How many.");
      store.key("strict", sample.strict, "Refuse what is odd.");
      if (sample.path.empty() || sample.path[0] != '/') store.fault("path", "must be absolute");
    });
    root.section("upstreams", [&](config::Section& upstreams) {
      upstreams.key("allow", sample.allow, "Further hosts.");
      upstreams.each("", names(sample.hosts), [&](const std::string& name, config::Section& upstream) {
        Host& host = sample.hosts[name];
        upstream.key("url", host.url, "Where it is.");
        upstream.key("insecure", host.insecure, "No verification.");
      });
    });
  };
}

Sample read(const std::string& text) {
  Sample sample;
  config::read_text(text, "sample.toml", describe(sample));
  return sample;
}

std::string faults_of(const std::string& text) {
  try {
    read(text);
  } catch (const StartError& error) {
    CHECK(error.exit_code() == 2);
    return error.what();
  }
  return "";
}

}  // namespace

TEST_CASE("an empty configuration means all defaults") {
  CHECK(read("") == Sample{});
}

TEST_CASE("every type of key is read into its place") {
  const Sample sample = read(R"(
[store]
path = "/data"
capacity = "3GiB"
limit = "10MiB/s"
patience = "250ms"
peers = 7
strict = false
[upstreams]
allow = ["a.example", "*.b.example"]
[upstreams."reg.example.com:5000"]
url = "http://127.0.0.1:5000"
insecure = true
[upstreams."docker.io"]
url = "https://registry-1.docker.io"
)");
  CHECK(sample.path == "/data");
  CHECK(sample.capacity == 3_GiB);
  CHECK(sample.limit.bytes_per_second == (10_MiB).value);
  CHECK(sample.patience == Milliseconds(250));
  CHECK(sample.peers == 7);
  CHECK_FALSE(sample.strict);
  CHECK(sample.allow == std::vector<std::string>{"a.example", "*.b.example"});
  CHECK(sample.hosts.size() == 2);
  CHECK(sample.hosts.at("reg.example.com:5000") == Host{"http://127.0.0.1:5000", true});
}

TEST_CASE("all faults are reported at once, each with its line, in the order of the lines") {
  const std::string faults = faults_of(R"([store]
capacity = 5
path = "relative"
patience = "5 parsecs"
peers = -1
limit = "10MiB"
strict = "yes"
colour = "blue"
[upstreams]
allow = ["fine", 3]
[upstreams."reg.example.com"]
ulr = "x"
[nonsense]
)");
  CHECK(faults ==
        "sample.toml:2: [store] capacity: must be a text with a unit, for example \"50GiB\"\n"
        "sample.toml:3: [store] path: must be absolute\n"
        "sample.toml:4: [store] patience: \"5 parsecs\" is not understood; write for example \"5s\"\n"
        "sample.toml:5: [store] peers: must be a whole number between 0 and 4294967295\n"
        "sample.toml:6: [store] limit: \"10MiB\" is not understood; write for example \"10MiB/s\" or \"100Mbit/s\"\n"
        "sample.toml:7: [store] strict: must be true or false\n"
        "sample.toml:8: unknown key \"colour\" in [store]; known are capacity, limit, path, patience, peers, strict\n"
        "sample.toml:10: [upstreams] allow: must be a list of texts, for example [\"a\", \"b\"]\n"
        "sample.toml:12: unknown key \"ulr\" in [upstreams.\"reg.example.com\"]; known are insecure, url\n"
        "sample.toml:13: unknown key \"nonsense\"; known are store, upstreams");
}

TEST_CASE("a registry's name without quotes is explained") {
  CHECK(faults_of("[upstreams.reg.example.com]\nurl = \"x\"\n") ==
        "sample.toml:1: unknown key \"example\" in [upstreams.\"reg\"]; a name with dots needs quotes");
}

TEST_CASE("a plain key beside named sub-tables that nobody knows is refused") {
  CHECK(faults_of("[upstreams]\nalow = []\n") == "sample.toml:2: unknown key \"alow\" in [upstreams]; known are allow");
}

TEST_CASE("an unknown key cannot forge a line of the report") {
  CHECK(faults_of("\"a\\nb\\u001b\" = 1\n") == "sample.toml:1: unknown key \"a\\u000Ab\\u001B\"; known are store, upstreams");
}

TEST_CASE("a value in the place of a table is refused") {
  CHECK(faults_of("store = 5\n") == "sample.toml:1: store must be a table: write [store]");
  CHECK(faults_of("[[store]]\n") == "sample.toml:1: store must be a table: write [store]");
}

TEST_CASE("text that is no TOML is refused with its line") {
  CHECK(faults_of("[store]\npath = /data\n").starts_with("sample.toml:2: "));
  CHECK(faults_of("[store]\npath = \"a\"\npath = \"b\"\n").starts_with("sample.toml:3: "));
}

TEST_CASE("a fault with a key that the file does not name points at its section") {
  Sample sample;
  sample.path = "";
  CHECK_THROWS_WITH(config::read_text("\n[store]\npeers = 1\n", "sample.toml", describe(sample)),
                    "sample.toml:2: [store] path: must be absolute");
  CHECK_THROWS_WITH(config::read_text("", "sample.toml", describe(sample)),
                    "sample.toml: [store] path: must be absolute");
}

TEST_CASE("what is printed reads back as what was in force, with every key commented") {
  Sample sample;
  sample.path = "/odd \"name\"\\\n\tü\x7f";
  sample.capacity = {1536};
  sample.limit = {3};
  sample.allow = {"x", "*.y"};
  sample.hosts = {{"a.example:5000", {"http://a", true}}, {"with \" quote", {"", false}}};
  const std::string printed = config::print(describe(sample));
  CHECK(read(printed) == sample);
  CHECK(printed.find("# Most bytes of layers.\n# Older ones make room.\ncapacity = \"1536B\"") != std::string::npos);
  CHECK(printed.find("[upstreams.\"a.example:5000\"]\n# Where it is.\nurl = \"http://a\"\n") != std::string::npos);
}

TEST_CASE("a plain key described after a sub-table is printed before it") {
  std::string late = "here";
  bool inner = true;
  const auto text = config::print([&](config::Section& root) {
    root.section("table", [&](config::Section& table) { table.key("inner", inner, "Inner."); });
    root.key("late", late, "Late.");
  });
  CHECK(text == "# Late.\nlate = \"here\"\n\n[table]\n# Inner.\ninner = true\n");
}

TEST_CASE("each takes the sub-tables of a named section") {
  std::vector<std::string> seen;
  config::read_text("[rooms.\"b c\"]\n[rooms.a]\n", "sample.toml", [&](config::Section& root) {
    root.each("rooms", {}, [&](const std::string& name, config::Section&) { seen.push_back(name); });
  });
  CHECK(seen == std::vector<std::string>{"a", "b c"});
}

TEST_CASE("a file that cannot be read is one clear line") {
  Sample sample;
  CHECK_THROWS_WITH(config::read_file("/nonexistent/shoal.toml", describe(sample)),
                    "cannot read the configuration /nonexistent/shoal.toml: No such file or directory");
  const std::string directory = std::filesystem::temp_directory_path().string();
  CHECK_THROWS_WITH(config::read_file(directory, describe(sample)),
                    "cannot read the configuration " + directory + ": Is a directory");
}

TEST_CASE("what is doubtful is noticed with its line, and a file that cannot be read apart from the rest") {
  const TemporaryDirectory directory;
  const std::string there = directory.path() + "/there";
  std::ofstream(there) << "text";
  std::string secret;
  const auto notices_of = [&](const std::string& text) {
    return config::read_text(text, "sample.toml", [&](config::Section& root) {
      root.section("a", [&](config::Section& section) {
        section.key("secret", secret, "A file.");
        section.check_file("secret", secret);
        if (secret.starts_with("/")) section.warning("secret", "is absolute");
      });
    });
  };
  CHECK(notices_of("").empty());
  const auto missing = notices_of("[a]\nsecret = \"nowhere\"\n");
  REQUIRE(missing.size() == 1);
  CHECK(missing[0].text == "sample.toml:2: [a] secret: nowhere cannot be read, or is empty");
  CHECK(missing[0].is_missing_file);
  const auto found = notices_of("[a]\nsecret = \"" + there + "\"\n");
  REQUIRE(found.size() == 1);
  CHECK(found[0].text == "sample.toml:2: [a] secret: is absolute");
  CHECK_FALSE(found[0].is_missing_file);
}

TEST_CASE("a table that there is none of is printed as a comment, which reads back as nothing") {
  std::string url = "http://x";
  const auto describe_sample = [&](config::Section& root) {
    root.section("upstreams", [&](config::Section& section) {
      section.example("a:1", [&](config::Section& inner) { inner.key("url", url, "Where."); });
    });
  };
  const std::string printed = config::print(describe_sample);
  CHECK(printed == "# [upstreams.\"a:1\"]\n# # Where.\n# url = \"http://x\"\n");
  CHECK(config::read_text(printed, "f", describe_sample).empty());
}

TEST_CASE("a password that somebody has written into a URL or a name stands in no fault, no notice and no print") {
  const auto told = [](const std::string& value) {
    std::string place;
    const auto describe = [&](config::Section& root) {
      root.section("a", [&](config::Section& section) {
        section.key("url", place, "Where.");
        section.warning("url", "\"" + place + "\" is odd");
        if (!section.printing()) section.unusable("url", place + " cannot be read");
      });
    };
    const auto refusing = [&](config::Section& root) {
      root.section("a", [&](config::Section& section) {
        section.key("url", place, "Where.");
        section.fault("url", "\"" + place + "\" is wrong");
      });
    };
    const std::string text = "[a]\nurl = \"" + value + "\"\n";
    std::string all;
    for (const config::Notice& notice : config::read_text(text, "f", describe)) all += notice.text + "\n";
    all += config::print(describe);
    try {
      config::read_text(text, "f", refusing);
    } catch (const StartError& fault) {
      all += fault.what();
    }
    return all;
  };
  for (const char* value : {"https://me:hunter2@a.io", "me:hunter2@a.io", "https://hunter2@a.io", "https://me:hun/hunter2@a.io",
                            "https://me:hunter2@b@a.io", "x, https://me:hunter2@a.io"}) {
    CAPTURE(value);
    CHECK_THAT(told(value), !Catch::Contains("hunter2") && Catch::Contains("***@a.io\" is odd") &&
                                Catch::Contains("***@a.io\" is wrong") && Catch::Contains("***@a.io cannot be read"));
  }
  CHECK_THAT(told("https://a.io:5000/x"), Catch::Contains("\"https://a.io:5000/x\" is odd"));
  CHECK_THAT(told("me@a.io"), Catch::Contains("\"me@a.io\" is odd"));
}
