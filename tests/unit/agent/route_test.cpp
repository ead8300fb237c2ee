#include "agent/registry/route.hpp"

#include <catch2/catch.hpp>

using namespace shoal;
using namespace shoal::agent::registry;

namespace {

const std::string hex_digits(64, 'a');

tl::expected<Route, BadRoute> route(const std::string& path, const std::string& query = "") {
  return parse_route(http::Request{.method = "GET", .path = path, .query = query, .headers = {}, .client = {}},
                     "docker.io");
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
    const http::Request request{
        .method = "GET", .path = path, .query = query, .headers = {{"oci-namespace", header}}, .client = {}};
    return parse_route(request, "docker.io").map([](const Route& found) { return repository_of(found)->upstream; });
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
