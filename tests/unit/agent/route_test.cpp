#include "agent/registry/route.hpp"

#include <catch2/catch.hpp>

using namespace shoal;
using namespace shoal::agent::registry;

namespace {

const std::string hex_digits(64, 'a');

tl::expected<Route, BadRoute> route(const std::string& path, const std::string& query = "",
                                    const http::Headers& headers = {}) {
  static const std::string by_default = "docker.io";
  origin::Options options;
  options.upstreams["registry.example.com:5000"];
  options.aliases = {{"corp", "registry.example.com:5000"}, {"old.example.com", "registry.example.com:5000"}};
  options.upstreams["plain:5000"];
  return parse_route(http::Request{.method = "GET", .path = path, .query = query, .headers = headers, .client = {}},
                     {options, by_default});
}

ManifestRoute manifest(const std::string& path, const std::string& query = "") {
  return std::get<ManifestRoute>(route(path, query).value());
}

}  // namespace

TEST_CASE("the API base is recognised with and without its last slash") {
  CHECK(std::holds_alternative<ApiBase>(route("/v2/").value()));
  CHECK(std::holds_alternative<ApiBase>(route("/v2").value()));
}

TEST_CASE("containerd names the upstream in ns") {
  const auto found = manifest("/v2/lib/small/manifests/v1", "ns=registry.example.com%3A5000");
  CHECK(found.repository.upstream == "registry.example.com:5000");
  CHECK(found.repository.name == "lib/small");
  CHECK(found.tag == "v1");
}

TEST_CASE("podman names the upstream in the first path component") {
  CHECK(manifest("/v2/registry.example.com/lib/small/manifests/v1").repository.upstream == "registry.example.com");
  CHECK(manifest("/v2/localhost/small/manifests/v1").repository.upstream == "localhost");
  CHECK(manifest("/v2/127.0.0.1:5000/lib/small/manifests/v1").repository.name == "lib/small");
}

TEST_CASE("docker names none and gets the default upstream") {
  const auto found = manifest("/v2/library/alpine/manifests/latest");
  CHECK(found.repository.upstream == "docker.io");
  CHECK(found.repository.name == "library/alpine");
}

TEST_CASE("ns wins over a first component that looks like a registry") {
  const auto found = manifest("/v2/a.b/lib/small/manifests/v1", "ns=registry.example.com");
  CHECK(found.repository.upstream == "registry.example.com");
  CHECK(found.repository.name == "a.b/lib/small");
}

TEST_CASE("OCI-Namespace names the upstream where neither ns nor the path does") {
  const auto upstream = [](const std::string& path, const std::string& query, const std::string& header) {
    return route(path, query, {{"oci-namespace", header}}).map([](const Route& found) {
      return repository_of(found)->upstream;
    });
  };
  CHECK(upstream("/v2/lib/small/manifests/v1", "", "a.b:5000") == "a.b:5000");
  CHECK(upstream("/v2/_catalog", "", "a.b") == "a.b");
  CHECK(upstream("/v2/lib/small/manifests/v1", "ns=c.d", "a.b") == "c.d");
  CHECK(upstream("/v2/c.d/lib/small/manifests/v1", "", "a.b") == "c.d");
  CHECK(upstream("/v2/lib/small/manifests/v1", "", "").error().code == "NAME_INVALID");
}

TEST_CASE("a manifest by digest and a blob carry the parsed digest") {
  CHECK(manifest("/v2/lib/small/manifests/sha256:" + hex_digits).digest->hex() == hex_digits);
  const auto blob = std::get<BlobRoute>(route("/v2/lib/small/blobs/sha256:" + hex_digits).value());
  CHECK(blob.digest.hex() == hex_digits);
}

TEST_CASE("a repository may itself be called blobs or manifests") {
  CHECK(manifest("/v2/lib/blobs/x/manifests/v1").repository.name == "lib/blobs/x");
}

TEST_CASE("a bad digest is DIGEST_INVALID and a bad name NAME_INVALID, both 400") {
  CHECK(route("/v2/lib/small/blobs/sha256:xyz").error().code == "DIGEST_INVALID");
  CHECK(route("/v2/lib/small/manifests/sha256:baddigeststring").error().code == "DIGEST_INVALID");
  CHECK(route("/v2/lib/small/blobs/sha256:" + hex_digits + "/x").error().status == 400);
  CHECK(route("/v2/Lib/small/manifests/v1").error().code == "NAME_INVALID");
  CHECK(route("/v2/../etc/manifests/v1").error().code == "NAME_INVALID");
  CHECK(route("/v2/lib%2f..%2f..%2fetc/manifests/v1").error().code == "NAME_INVALID");
  CHECK(route("/v2/lib/small/manifests/v1", "ns=").error().code == "NAME_INVALID");
  CHECK(route("/v2/lib/%zz/manifests/v1").error().status == 400);
}

TEST_CASE("tags, referrers and the catalogue are lists of the origin") {
  const auto list = [](const std::string& path, const std::string& query = "") {
    return std::get<ListRoute>(route(path, query).value());
  };
  CHECK(list("/v2/lib/small/tags/list").list == "tags/list");
  CHECK(list("/v2/lib/small/tags/list").repository.name == "lib/small");
  CHECK(list("/v2/lib/tags/list/tags/list").repository.name == "lib/tags/list");
  CHECK(list("/v2/a.b/lib/tags/list").repository.upstream == "a.b");
  const auto referrers = list("/v2/lib/small/referrers/sha256:" + hex_digits, "ns=a.b");
  CHECK(referrers.list == "referrers/sha256:" + hex_digits);
  CHECK(referrers.subject->hex() == hex_digits);
  CHECK(referrers.repository.upstream == "a.b");
  CHECK(list("/v2/_catalog").repository.upstream == "docker.io");
  CHECK(list("/v2/_catalog").repository.name.empty());
  CHECK(list("/v2/_catalog", "ns=a.b").repository.upstream == "a.b");
  CHECK(list("/v2/a.b:5000/_catalog").repository.upstream == "a.b:5000");
}

TEST_CASE("a tag and a repository may have the names of lists") {
  CHECK(manifest("/v2/lib/small/manifests/_catalog").tag == "_catalog");
  CHECK(manifest("/v2/a.b/lib/small/manifests/_catalog").repository.name == "lib/small");
  CHECK(manifest("/v2/lib/tags/list/manifests/v1").repository.name == "lib/tags/list");
  CHECK(manifest("/v2/lib/referrers/x/manifests/v1").repository.name == "lib/referrers/x");
}

TEST_CASE("a list of a bad name or digest is 400") {
  CHECK(route("/v2/Lib/tags/list").error().code == "NAME_INVALID");
  CHECK(route("/v2/lib/referrers/sha256:abc").error().code == "DIGEST_INVALID");
  CHECK(route("/v2/_catalog", "ns=").error().code == "NAME_INVALID");
}

TEST_CASE("a path outside the API is 404") {
  CHECK(route("/").error().status == 404);
  CHECK(route("/v2/tags/list").error().status == 404);
  CHECK(route("/v2/lib/_catalog").error().status == 404);
  CHECK(route("/v2//manifests/v1").error().status == 400);
}

namespace {

// "upstream/repository" of any route.
std::string where(const std::string& path, const std::string& query = "", const http::Headers& headers = {}) {
  const auto found = route(path, query, headers);
  if (!found) return found.error().code;
  const origin::Repository* repository = repository_of(*found);
  return repository->upstream + "/" + repository->name;
}

}  // namespace

TEST_CASE("every spelling of a registry is the same one, wherever a request names it") {
  for (const char* hub : {"docker.io", "index.docker.io", "registry-1.docker.io", "Docker.IO", "docker.io:443",
                          "docker.io.", "INDEX.docker.io.:443"}) {
    INFO(hub);
    const std::string name(hub);
    CHECK(where("/v2/team/app/manifests/v1", "ns=" + name) == "docker.io/team/app");
    CHECK(where("/v2/" + name + "/team/app/manifests/v1") == "docker.io/team/app");
    CHECK(where("/v2/team/app/manifests/v1", "", {{"OCI-Namespace", name}}) == "docker.io/team/app");
    CHECK(where("/v2/" + name + "/_catalog") == "docker.io/");
  }
  CHECK(where("/v2/team/app/tags/list", "ns=Reg.Example.com%3A443") == "reg.example.com/team/app");
  CHECK(where("/v2/team/app/tags/list", "ns=reg.example.com%3A80") == "reg.example.com:80/team/app");
  CHECK(where("/v2/team/app/tags/list", "ns=old.example.com") == "registry.example.com:5000/team/app");
}

TEST_CASE("a one-part name of the Hub is in library, in every kind of request") {
  for (const std::string& rest :
       {std::string("manifests/latest"), "manifests/sha256:" + hex_digits, "blobs/sha256:" + hex_digits,
        std::string("tags/list"), "referrers/sha256:" + hex_digits}) {
    INFO(rest);
    CHECK(where("/v2/alpine/" + rest) == "docker.io/library/alpine");
    CHECK(where("/v2/alpine/" + rest, "ns=docker.io") == "docker.io/library/alpine");
    CHECK(where("/v2/index.docker.io/alpine/" + rest) == "docker.io/library/alpine");
    CHECK(where("/v2/library/alpine/" + rest) == "docker.io/library/alpine");
    CHECK(where("/v2/alpine/" + rest, "ns=reg.example.com") == "reg.example.com/alpine");
  }
}

TEST_CASE("a first component that repeats ns is taken off, under any of the registry's names") {
  CHECK(where("/v2/reg.example.com/team/app/manifests/v1", "ns=reg.example.com") == "reg.example.com/team/app");
  CHECK(where("/v2/registry.example.com:5000/app/tags/list", "ns=registry.example.com:5000") ==
        "registry.example.com:5000/app");
  CHECK(where("/v2/registry.example.com_5000/app/tags/list", "ns=registry.example.com:5000") ==
        "registry.example.com:5000/app");
  CHECK(where("/v2/corp/app/tags/list", "ns=registry.example.com:5000") == "registry.example.com:5000/app");
  CHECK(where("/v2/docker.io/alpine/manifests/v1", "ns=docker.io") == "docker.io/library/alpine");
  CHECK(where("/v2/registry-1.docker.io/library/alpine/manifests/v1", "ns=docker.io") == "docker.io/library/alpine");
  CHECK(where("/v2/plain:5000/app/manifests/v1", "ns=plain:5000") == "plain:5000/app");
  CHECK(where("/v2/reg.example.com/_catalog", "ns=reg.example.com") == "reg.example.com/");
  CHECK(where("/v2/reg.example.com/manifests/v1", "ns=reg.example.com") == "reg.example.com/reg.example.com");
}

TEST_CASE("a registry with a port stands in a path by an escaped name or an alias") {
  CHECK(where("/v2/registry.example.com_5000/team/app/manifests/v1") == "registry.example.com:5000/team/app");
  CHECK(where("/v2/corp/team/app/manifests/v1") == "registry.example.com:5000/team/app");
  CHECK(where("/v2/corp/app/blobs/sha256:" + hex_digits) == "registry.example.com:5000/app");
  CHECK(where("/v2/old.example.com/app/manifests/v1") == "registry.example.com:5000/app");
  CHECK(where("/v2/other.example.com_8443/app/manifests/v1") == "other.example.com:8443/app");
  CHECK(where("/v2/localhost_5000/app/manifests/v1") == "localhost:5000/app");
  CHECK(where("/v2/127.0.0.1_5000/app/manifests/v1") == "127.0.0.1:5000/app");
  CHECK(where("/v2/plain_5000/app/manifests/v1") == "plain:5000/app");  // it is configured
  CHECK(where("/v2/user_5000/app/manifests/v1") == "docker.io/user_5000/app");
  CHECK(where("/v2/user_name/app/manifests/v1") == "docker.io/user_name/app");
  CHECK(where("/v2/reg.example.com_0/app/manifests/v1") == "reg.example.com_0/app");
  CHECK(where("/v2/reg.example.com_65536/app/manifests/v1") == "reg.example.com_65536/app");
}
