// Keys that come from the environment.
#include "shared/config/variables.hpp"

#include <catch2/catch.hpp>

#include "shared/config/config.hpp"

using namespace shoal;
using config::Variables;

namespace {

struct Sample {
  std::string name = "host";
  bool strict = false;
  std::uint32_t peers = 12;
  ByteCount capacity = 50_GiB;
  ByteShare min_free;
  ByteRate limit{};
  Milliseconds patience{5000};
  std::vector<std::string> urls;
  ListenAddresses listen = "127.0.0.1:1";
  std::map<std::string, std::string> hosts;
};

config::Describe describe(Sample& sample) {
  return [&sample](config::Section& root) {
    root.section("node", [&](config::Section& node) {
      node.key("name", sample.name, "Its name.");
      node.key("strict", sample.strict, "Refuse what is odd.");
      node.key("peers", sample.peers, "How many.");
      node.key("capacity", sample.capacity, "How much.");
      node.key("min_free", sample.min_free, "How much is left.");
      node.key("upload-limit", sample.limit, "How fast.");
      node.key("patience", sample.patience, "How long.");
      node.key("urls", sample.urls, "Who.");
      node.key("listen", sample.listen, "Where.");
      if (sample.name.empty()) node.fault("name", "a node needs a name");
      if (sample.name == "odd") node.warning("name", "is odd");
    });
    root.section("upstreams", [&](config::Section& upstreams) {
      std::vector<std::string> names;
      for (const auto& [name, url] : sample.hosts) names.push_back(name);
      upstreams.each("", names, [&](const std::string& name, config::Section& host) {
        host.key("url", sample.hosts[name], "Where it is.");
      });
    });
  };
}

std::vector<config::Notice> read(Sample& sample, const std::string& text, const Variables& variables) {
  return config::read_text(text, "f.toml", describe(sample), variables);
}

std::string fault_of(const Variables& variables, const std::string& text = "") {
  Sample sample;
  try {
    read(sample, text, variables);
  } catch (const StartError& error) {
    CHECK(error.exit_code() == 2);
    return error.what();
  }
  return "";
}

std::string notice_of(const Variables& variables) {
  Sample sample;
  const auto notices = read(sample, "", variables);
  return notices.empty() ? "" : notices.at(0).text;
}

}  // namespace

TEST_CASE("a key of every type comes from the environment") {
  Sample sample;
  const auto notices = read(sample, "",
                            {{"SHOAL_NODE_NAME", "n1"},
                             {"SHOAL_NODE_STRICT", "true"},
                             {"SHOAL_NODE_PEERS", "7"},
                             {"SHOAL_NODE_CAPACITY", "3GiB"},
                             {"SHOAL_NODE_MIN_FREE", "10%"},
                             {"SHOAL_NODE_UPLOAD_LIMIT", "10MiB/s"},
                             {"SHOAL_NODE_PATIENCE", "250ms"},
                             {"SHOAL_NODE_URLS", "http://a:1, http://b:2,"},
                             {"SHOAL_NODE_LISTEN", "0.0.0.0:2,[::]:2"},
                             {"PATH", "/bin"}});
  CHECK(notices.empty());
  CHECK(sample.name == "n1");
  CHECK(sample.strict);
  CHECK(sample.peers == 7);
  CHECK(sample.capacity == 3_GiB);
  CHECK(sample.min_free == ByteShare::percent(10));
  CHECK(sample.limit.bytes_per_second == (10_MiB).value);
  CHECK(sample.patience == Milliseconds(250));
  CHECK(sample.urls == std::vector<std::string>{"http://a:1", "http://b:2"});
  CHECK(sample.listen == std::vector<std::string>{"0.0.0.0:2", "[::]:2"});
}

TEST_CASE("the environment wins over the file, which wins over the default") {
  Sample sample;
  read(sample, "[node]\nname = \"of-the-file\"\npeers = 3\n", {{"SHOAL_NODE_NAME", "of-the-environment"}});
  CHECK(sample.name == "of-the-environment");
  CHECK(sample.peers == 3);
  CHECK(sample.patience == Milliseconds(5000));
}

TEST_CASE("an empty variable is an empty value") {
  Sample sample;
  sample.urls = {"http://a"};
  read(sample, "", {{"SHOAL_NODE_URLS", ""}});
  CHECK(sample.urls.empty());
  CHECK(fault_of({{"SHOAL_NODE_NAME", ""}}) == "f.toml: [node] name (SHOAL_NODE_NAME): a node needs a name");
}

TEST_CASE("a wrong value in the environment is a fault that names the variable and says what to write") {
  CHECK(fault_of({{"SHOAL_NODE_PEERS", "many"}}) ==
        "f.toml: [node] peers (SHOAL_NODE_PEERS): must be a whole number between 0 and 4294967295");
  CHECK(fault_of({{"SHOAL_NODE_PEERS", ""}}) == fault_of({{"SHOAL_NODE_PEERS", "1x"}}));
  CHECK(fault_of({{"SHOAL_NODE_PEERS", "99999999999999999999"}}) == fault_of({{"SHOAL_NODE_PEERS", "-1"}}));
  CHECK(fault_of({{"SHOAL_NODE_STRICT", "yes"}}) == "f.toml: [node] strict (SHOAL_NODE_STRICT): must be true or false");
  CHECK_THAT(fault_of({{"SHOAL_NODE_CAPACITY", "50"}}), Catch::Contains("SHOAL_NODE_CAPACITY") && Catch::Contains("50GiB"));
  CHECK_THAT(notice_of({{"SHOAL_NODE_NAME", "odd"}}), Catch::Contains("(SHOAL_NODE_NAME): is odd"));
}

TEST_CASE("a fault of the file is told though the environment has another value") {
  CHECK(fault_of({{"SHOAL_NODE_PEERS", "1"}}, "[node]\npeers = \"x\"\n") ==
        "f.toml:2: [node] peers: must be a whole number between 0 and 4294967295");
}

TEST_CASE("a variable that is no key's is noticed with the names that it may have meant") {
  CHECK_THAT(notice_of({{"SHOAL_NODE_NAM", "x"}}),
             Catch::StartsWith("f.toml: the environment variable SHOAL_NODE_NAM is no key's; is it one of SHOAL_NODE_NAME, "));
  CHECK_THAT(notice_of({{"SHOAL_NODES_NAME", "x"}}), Catch::Contains("SHOAL_NODE_NAME"));
  CHECK_THAT(notice_of({{"SHOAL_SOMETHING_ELSE", "x"}}), Catch::Contains("write SHOAL_<SECTION>_<KEY>"));
  CHECK_THAT(notice_of({{"SHOAL_" + std::string(100'000, 'X'), "x"}}), Catch::Contains("is no key's"));
}

TEST_CASE("a table with a free name has no variables") {
  Sample sample;
  const auto notices = read(sample, "[upstreams.\"a\"]\nurl = \"http://a\"\n", {{"SHOAL_UPSTREAMS_A_URL", "http://b"}});
  CHECK(sample.hosts.at("a") == "http://a");
  REQUIRE(notices.size() == 1);
  CHECK_THAT(notices[0].text, Catch::Contains("SHOAL_UPSTREAMS_A_URL is no key's"));
}

TEST_CASE("what Kubernetes sets for a service of such a name is not noticed") {
  for (const char* name :
       {"SHOAL_TRACKER_SERVICE_HOST", "SHOAL_TRACKER_SERVICE_PORT", "SHOAL_TRACKER_SERVICE_PORT_CONTROL",
        "SHOAL_TRACKER_PORT", "SHOAL_TRACKER_PORT_7080_TCP", "SHOAL_TRACKER_PORT_7080_TCP_ADDR"}) {
    CAPTURE(name);
    CHECK(notice_of({{name, "10.0.0.1"}}).empty());
  }
  CHECK_FALSE(notice_of({{"SHOAL_TRACKER_PORT_X", "1"}}).empty());
}

TEST_CASE("what is printed says which value comes from which variable, and reads back the same") {
  Sample sample;
  const Variables variables{{"SHOAL_NODE_NAME", "n1"}};
  read(sample, "", variables);
  const std::string printed = config::print(describe(sample), variables);
  CHECK_THAT(printed, Catch::Contains("# Its name.\n# From SHOAL_NODE_NAME.\nname = \"n1\"\n"));
  CHECK_THAT(printed, Catch::Contains("# How many.\npeers = 12\n"));
  Sample again;
  read(again, printed, {});
  CHECK(again.name == "n1");
}

TEST_CASE("another program's variable is read as it is, and nothing of it is printed") {
  std::string seen;
  const auto describe_other = [&](config::Section& root) {
    seen = root.variable("HTTPS_PROXY");
    root.note("one line\nand another");
  };
  CHECK(config::read_text("", "f", describe_other, {{"HTTPS_PROXY", "http://p"}}).empty());
  CHECK(seen == "http://p");
  CHECK(config::print(describe_other, {{"HTTPS_PROXY", "http://p"}}) == "# one line\n# and another\n");
  CHECK(seen.empty());
}

TEST_CASE("a program or file that cannot be used now is noticed as a missing file is") {
  std::string helper = "x";
  const auto notices = config::read_text("[a]\nhelper = \"y\"\n", "f", [&](config::Section& root) {
    root.section("a", [&](config::Section& section) {
      section.key("helper", helper, "A program.");
      section.unusable("helper", helper + " is not there");
    });
  });
  REQUIRE(notices.size() == 1);
  CHECK(notices[0].is_missing_file);
  CHECK(notices[0].text == "f:2: [a] helper: y is not there");
}
