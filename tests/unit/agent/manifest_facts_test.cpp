// What is learnt of a manifest, and of what is none.
#include "agent/registry/manifest_facts.hpp"

#include <catch2/catch.hpp>

using namespace shoal;
using namespace shoal::agent::registry;

namespace {

const std::string oci_manifest = "application/vnd.oci.image.manifest.v1+json";
const std::string oci_index = "application/vnd.oci.image.index.v1+json";

std::string digest(char digit) {
  return "sha256:" + std::string(64, digit);
}

std::string descriptor(char digit, const std::string& size) {
  return R"({"mediaType":"x/y","digest":")" + digest(digit) + R"(","size":)" + size + "}";
}

// "a 7, b 8": the first digit of each digest, and its size.
std::string learnt(const std::string& text) {
  std::string all;
  for (const Descriptor& found : read_manifest(text).descriptors) {
    all += (all.empty() ? "" : ", ") + found.digest.hex().substr(0, 1) + " " + std::to_string(found.size.value);
  }
  return all;
}

}  // namespace

TEST_CASE("a manifest names the sizes of its config and layers") {
  CHECK(learnt(R"({"config":)" + descriptor('a', "7") + R"(,"layers":[)" + descriptor('b', "8") + "," +
               descriptor('c', "9") + "]}") == "a 7, b 8, c 9");
}

TEST_CASE("a layer that is to be had elsewhere is told apart, wherever its `urls` stand") {
  const auto is_elsewhere = [](const std::string& fields) {
    const auto found = read_manifest("{\"layers\":[{" + fields + "}]}").descriptors;
    REQUIRE(found.size() == 1);
    return found.front().is_elsewhere;
  };
  const std::string plain = "\"digest\":\"" + digest('a') + "\",\"size\":7";
  CHECK_FALSE(is_elsewhere(plain));
  CHECK(is_elsewhere(plain + R"(,"urls":["https://x"])"));
  CHECK(is_elsewhere(R"("urls":[],)" + plain));
  CHECK_FALSE(is_elsewhere(plain + R"(,"annotations":{"urls":"x"})"));
}

TEST_CASE("an index names the sizes of its manifests, an artifact those of its blobs") {
  CHECK(learnt(R"({"manifests":[)" + descriptor('a', "7") + "]}") == "a 7");
  const std::string artifact = R"("mediaType":"application/vnd.oci.artifact.manifest.v1+json",)";
  CHECK(learnt("{" + artifact + R"("blobs":[)" + descriptor('a', "7") + "]}") == "a 7");
}

TEST_CASE("what a registry does not check for the type of a manifest is not named by it") {
  const std::string layers = R"("config":)" + descriptor('a', "7") + R"(,"layers":[)" + descriptor('b', "8") + "]";
  const std::string manifests = R"("manifests":[)" + descriptor('c', "9") + "]";
  const std::string blobs = R"("blobs":[)" + descriptor('d', "9") + "]";
  const auto of_type = [](const std::string& type, const std::string& fields) {
    return learnt(R"({"mediaType":")" + type + "\"," + fields + "}");
  };
  CHECK(of_type(oci_manifest, layers) == "a 7, b 8");
  CHECK(of_type(oci_index, manifests) == "c 9");
  CHECK(of_type(oci_manifest, manifests).empty());
  CHECK(of_type(oci_index, layers).empty());
  CHECK(of_type(oci_manifest, blobs).empty());
  CHECK(of_type("application/x-unknown", layers) == "a 7, b 8");
  CHECK(learnt("{" + blobs + "}").empty());
  for (const std::string& both : {layers + "," + manifests, layers + "," + blobs, manifests + "," + blobs}) {
    CHECK(learnt("{" + both + "}").empty());
    CHECK(of_type(oci_manifest, both).empty());
    CHECK(of_type(oci_index, both).empty());
  }
}

TEST_CASE("what is kept under another type than its fields are of names nothing") {
  const std::string image = R"({"config":)" + descriptor('a', "7") + R"(,"layers":[)" + descriptor('b', "8") + "]}";
  const std::string index = R"({"manifests":[)" + descriptor('c', "9") + "]}";
  const auto count = [](const std::string& text, const std::string& stored_as) {
    return read_manifest(text, stored_as).descriptors.size();
  };
  const std::string docker_list = "application/vnd.docker.distribution.manifest.list.v2+json";
  CHECK(count(image, oci_manifest) == 2);
  CHECK(count(image, oci_index) == 0);
  CHECK(count(image, docker_list + "; charset=utf-8") == 0);
  CHECK(count(index, oci_index) == 1);
  CHECK(count(index, docker_list) == 1);
  CHECK(count(index, oci_manifest) == 0);
  for (const char* generic : {"", "application/json", "application/octet-stream", "text/plain; charset=utf-8"}) {
    CHECK(count(image, generic) == 2);
    CHECK(count(index, generic) == 1);
  }
}

TEST_CASE("children of an index are manifests, all else that is named is a blob") {
  CHECK(read_manifest(R"({"manifests":[)" + descriptor('a', "7") + "]}").descriptors.at(0).is_manifest);
  for (const Descriptor& found :
       read_manifest(R"({"config":)" + descriptor('a', "7") + R"(,"layers":[)" + descriptor('b', "8") + "]}").descriptors) {
    CHECK_FALSE(found.is_manifest);
  }
}

TEST_CASE("what is no descriptor teaches nothing") {
  for (const std::string& text :
       {std::string("no json"), std::string("[]"), std::string(R"({"layers":7,"config":[]})"),
        R"({"config":)" + descriptor('a', "-1") + "}", R"({"config":{"digest":")" + digest('a') + "\"}}",
        std::string(R"({"config":{"digest":7,"size":7}})"),
        std::string(R"({"layers":[{"digest":"sha256:x","size":7},null,7]})"),
        R"({"config":)" + descriptor('a', "99999999999999") + "}", R"({"layers":[[)" + descriptor('a', "7") + "]]}",
        R"([{"config":)" + descriptor('a', "7") + "}]", R"({"other":{"config":)" + descriptor('a', "7") + "}}",
        R"({"subject":)" + descriptor('a', "7") + "}", R"({"config":)" + descriptor('a', "7") + "} more"}) {
    CAPTURE(text);
    CHECK(learnt(text).empty());
  }
}

TEST_CASE("an element of a manifest that is no descriptor does not hide those beside it") {
  CHECK(learnt(R"({"layers":[7,)" + descriptor('a', "7") + R"(,null,{"size":1},)" + descriptor('b', "8") + "]}") ==
        "a 7, b 8");
}

TEST_CASE("of a field that is named twice the last one counts") {
  const std::string first = R"({"layers":[)" + descriptor('a', "7") + "],";
  CHECK(learnt(first + R"("layers":[)" + descriptor('b', "8") + "]}") == "b 8");
  CHECK(learnt(first + R"("layers":7})").empty());
  CHECK(learnt(R"({"config":)" + descriptor('a', "7") + R"(,"config":)" + descriptor('b', "8") + "}") == "b 8");
  CHECK(learnt(R"({"config":{"digest":")" + digest('a') + R"(","size":7,"digest":")" + digest('b') + "\"}}") == "b 7");
  CHECK(learnt(R"({"config":{"digest":")" + digest('a') + R"(","size":7,"size":"x"}})").empty());
  CHECK(read_manifest(R"({"mediaType":"x/y","mediaType":"x/z"})").media_type == "x/z");
  CHECK(read_manifest(R"({"mediaType":"x/y","mediaType":7})").media_type == oci_manifest);
}

TEST_CASE("a manifest without mediaType is an OCI manifest, one with manifests an OCI index") {
  CHECK(read_manifest(R"({"mediaType":"x/y"})").media_type == "x/y");
  CHECK(read_manifest(R"({"mediaType":"application/vnd.oci.image.manifest.v1+json"})").media_type == oci_manifest);
  CHECK(read_manifest(R"({"layers":[]})").media_type == oci_manifest);
  CHECK(read_manifest(R"({"manifests":[]})").media_type == oci_index);
  CHECK(read_manifest(R"({"manifests":7})").media_type == oci_index);
  CHECK(read_manifest("no json").media_type == oci_manifest);
}

TEST_CASE("a mediaType that is no media type does not become a header") {
  for (const std::string& type : {std::string(), std::string("x"), std::string("x/"), std::string("/y"),
                                  std::string("x/y/z"), std::string("x/y; a=b"), std::string("x/\\r\\ny"),
                                  std::string("x/\\u00e4"), "x/" + std::string(128, 'y'), std::string(200'000, 'x') + "/y"}) {
    CHECK(read_manifest(R"({"mediaType":")" + type + R"(","manifests":[]})").media_type == oci_index);
  }
  CHECK(read_manifest(R"({"mediaType":"x/)" + std::string(127, 'y') + "\"}").media_type.size() == 129);
}

TEST_CASE("of a long list the first descriptors count") {
  std::string text = R"({"layers":[)" + descriptor('a', "1");
  for (std::size_t i = 1; i < most_descriptors; ++i) text += "," + descriptor('b', "2");
  text += "," + descriptor('c', "3") + R"(],"config":)" + descriptor('d', "4") + "}";
  const auto found = read_manifest(text).descriptors;
  REQUIRE(found.size() == most_descriptors + 1);
  CHECK(found.front().size == ByteCount{4});
  CHECK(found.back().size == ByteCount{2});
}

TEST_CASE("a manifest nested 100,000 or 2,000,000 deep teaches nothing and harms nothing") {
  for (const std::size_t depth : {100'000U, 2'000'000U}) {
    const std::string bomb = std::string(depth, '[') + std::string(depth, ']');
    for (const std::string& text : {R"({"layers":)" + bomb + "}", R"({"x":)" + bomb + R"(,"layers":[]})", bomb}) {
      const ManifestFacts facts = read_manifest(text);
      CHECK(facts.descriptors.empty());
      CHECK(facts.media_type == oci_manifest);
    }
  }
}
