#include "agent/registry/descriptors.hpp"

#include <catch2/catch.hpp>

using namespace shoal;
using namespace shoal::agent::registry;

namespace {

const std::string a_digest = "sha256:" + std::string(64, 'a');
const std::string b_digest = "sha256:" + std::string(64, 'b');

std::optional<ByteCount> size_of(const Descriptors& descriptors, const std::string& digest) {
  return descriptors.size_of(Digest::parse(digest).value());
}

}  // namespace

TEST_CASE("a manifest teaches the sizes of its config and layers") {
  Descriptors descriptors;
  descriptors.learn(R"({"config":{"digest":")" + a_digest + R"(","size":7},"layers":[{"digest":")" + b_digest +
                    R"(","size":8}]})");
  CHECK(size_of(descriptors, a_digest) == ByteCount{7});
  CHECK(size_of(descriptors, b_digest) == ByteCount{8});
}

TEST_CASE("an index teaches the sizes of its manifests") {
  Descriptors descriptors;
  descriptors.learn(R"({"manifests":[{"digest":")" + a_digest + R"(","size":7}]})");
  CHECK(size_of(descriptors, a_digest) == ByteCount{7});
}

TEST_CASE("what is no descriptor teaches nothing") {
  Descriptors descriptors;
  const std::vector<std::string> texts = {
      "no json",
      "[]",
      "{\"layers\":7,\"config\":[]}",
      "{\"config\":{\"digest\":\"" + a_digest + "\",\"size\":-1}}",
      "{\"config\":{\"digest\":\"" + a_digest + "\"}}",
      "{\"config\":{\"digest\":7,\"size\":7}}",
      "{\"layers\":[{\"digest\":\"sha256:x\",\"size\":7},null,7]}",
      "{\"config\":{\"digest\":\"" + a_digest + "\",\"size\":99999999999999}}",
  };
  for (const std::string& text : texts) {
    descriptors.learn(text);
  }
  CHECK_FALSE(size_of(descriptors, a_digest));
}

TEST_CASE("a manifest without mediaType is an OCI manifest, one with manifests an OCI index") {
  CHECK(media_type_of("{\"mediaType\":\"x/y\"}") == "x/y");
  CHECK(media_type_of("{\"layers\":[]}") == "application/vnd.oci.image.manifest.v1+json");
  CHECK(media_type_of("{\"manifests\":[]}") == "application/vnd.oci.image.index.v1+json");
}
