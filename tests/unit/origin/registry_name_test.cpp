// Which names are one registry, in requests and in configuration files.
#include "shared/origin/registry_name.hpp"

#include <catch2/catch.hpp>

#include "shared/origin/upstreams.hpp"

using namespace shoal;
using namespace shoal::origin;

namespace {

Options read(const std::string& toml) {
  Options options;
  config::read_text(toml, "test.toml", [&](config::Section& root) { describe(root, options); });
  return options;
}

std::string fault(const std::string& toml) {
  try {
    read(toml);
  } catch (const StartError& error) {
    return error.what();
  }
  return {};
}

}  // namespace

TEST_CASE("names of one registry have one key") {
  for (const char* name : {"docker.io", "index.docker.io", "registry-1.docker.io", "DOCKER.io", "docker.io.",
                           "docker.io..", "docker.io:443", "registry-1.docker.io.:443"}) {
    CHECK(registry_name(name) == "docker.io");
  }
  CHECK(registry_name("Reg.Example.com.:443") == "reg.example.com");
  CHECK(registry_name("reg.example.com:5000") == "reg.example.com:5000");
  CHECK(registry_name("[::1]:443") == "[::1]");
  CHECK(registry_name("LOCALHOST:5000") == "localhost:5000");
}

TEST_CASE("another port, another host and what is no name stay apart") {
  for (const char* name : {"docker.io:80", "docker.io:5000", "reg.docker.io", "docker.io.example.com", "reg.example.com:80",
                           "a b", "", "a/b", "a?b", "user@docker.io", "https://docker.io"}) {
    CHECK(registry_name(name) == name);
  }
}

TEST_CASE("a port behind an underscore is one when it is a port") {
  CHECK(with_port("a.b_5000") == "a.b:5000");
  CHECK(with_port("a_b_65535") == "a_b:65535");
  for (const char* text : {"a.b", "a.b_", "_5000", "a.b_05000", "a.b_65536", "a.b_5000x", "a.b:1_5000", "a.b_-1", ""}) {
    INFO(text);
    CHECK_FALSE(with_port(text));
  }
}

TEST_CASE("a table is found by each spelling of its name and by its aliases") {
  const auto options = read(R"(
[upstreams]
allow = ["GHCR.io:443", "*.Example.org"]
[upstreams."Index.Docker.io"]
url = "https://mirror.example.com"
[upstreams."registry.example.com:5000"]
aliases = ["corp", "Old.Example.com:443", "registry.example.com"]
)");
  for (const char* name : {"docker.io", "registry-1.docker.io:443", "index.docker.io."}) {
    const auto target = find_upstream(options, name);
    REQUIRE(target);
    CHECK(target->name == "docker.io");
    CHECK(target->url.host == "mirror.example.com");
  }
  for (const char* name : {"corp", "old.example.com", "registry.example.com", "REGISTRY.example.com:5000"}) {
    const auto target = find_upstream(options, name);
    REQUIRE(target);
    CHECK(target->name == "registry.example.com:5000");
  }
  CHECK(find_upstream(options, "ghcr.io")->name == "ghcr.io");
  CHECK(find_upstream(options, "A.example.org.")->name == "a.example.org");
  CHECK_FALSE(find_upstream(options, "example.org"));
  CHECK_FALSE(find_upstream(options, "ghcr.io:80"));
}

TEST_CASE("a pattern of the Hub's domain is of the Hub, and a pattern below one of its names is not") {
  CHECK(allows("*.docker.io", "docker.io"));
  CHECK(allows("registry-1.docker.io", "docker.io"));
  CHECK_FALSE(allows("*.index.docker.io", "a.docker.io"));
  CHECK_FALSE(allows("*.example.com", "example.com"));
  CHECK(allows("*.Example.com:5000", "a.example.com:5000"));
  CHECK_FALSE(allows("*.example.com", "a.example.com:5000"));
}

TEST_CASE("two tables of one registry are a fault that names both") {
  const std::string tables = fault("[upstreams.\"docker.io\"]\n[upstreams.\"index.docker.io\"]\n");
  CHECK_THAT(tables, Catch::Contains("test.toml:2") && Catch::Contains("[upstreams.\"docker.io\"]") &&
                         Catch::Contains("index.docker.io"));
  CHECK_THAT(fault("[upstreams.\"a.io\"]\n[upstreams.\"A.io:443\"]\n"), Catch::Contains("already"));
  CHECK_THAT(fault("[upstreams.\"a.io\"]\naliases = [\"corp\"]\n[upstreams.\"b.io\"]\naliases = [\"corp\"]\n"),
             Catch::Contains("aliases") && Catch::Contains("[upstreams.\"a.io\"]"));
  CHECK_THAT(fault("[upstreams.\"a.io\"]\naliases = [\"b.io\"]\n[upstreams.\"b.io\"]\n"), Catch::Contains("already"));
  CHECK(fault("[upstreams.\"a.io\"]\naliases = [\"a.io:443\", \"corp\"]\n[upstreams.\"b.io\"]\n").empty());
}

TEST_CASE("an alias is HOST[:PORT] or a word that can stand in a path") {
  for (const char* good : {"corp", "corp_images", "a.b", "a.b:5000", "[::1]:5000"}) {
    CHECK(fault(std::string("[upstreams.\"x.io\"]\naliases = [\"") + good + "\"]\n").empty());
  }
  for (const char* bad : {"", "a/b", "a b", "https://a.b", "a.b?c"}) {
    CHECK_THAT(fault(std::string("[upstreams.\"x.io\"]\naliases = [\"") + bad + "\"]\n"), Catch::Contains("test.toml:2"));
  }
}

TEST_CASE("aliases are printed, and what is printed reads back the same") {
  auto options = read("[upstreams.\"B.io:5000\"]\naliases = [\"corp\", \"C.io\"]\n");
  const auto again = read(config::print([&](config::Section& root) { describe(root, options); }));
  REQUIRE(again.upstreams.contains("b.io:5000"));
  CHECK(again.aliases == std::map<std::string, std::string>{{"corp", "b.io:5000"}, {"c.io", "b.io:5000"}});
  CHECK(again.aliases == options.aliases);
}
