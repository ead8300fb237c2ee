// What is a manifest, an index of referrers and a list, and what a portal or a proxy sends in their place.
#include "shared/origin/manifest_body.hpp"

#include <catch2/catch.hpp>

#include "shared/crypto/hasher.hpp"

using namespace shoal;
using namespace shoal::origin;

namespace {

const Digest digest = digest_of(DigestAlgorithm::sha256, bytes_of("manifest"));

bool is_manifest(const std::string& text) {
  return check_manifest(bytes_of(text)).has_value();
}

Answer head(unsigned status = 200) {
  Answer answer;
  answer.status = status;
  answer.content_type = "application/vnd.oci.image.manifest.v1+json; charset=utf-8";
  answer.digest = digest.text();
  answer.length = 8;
  return answer;
}

}  // namespace

TEST_CASE("manifests of all kinds and ages are manifests") {
  for (const char* text : {
           R"({"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":{},"layers":[]})",
           R"({"schemaVersion":2,"manifests":[]})",
           R"({"schemaVersion":1,"name":"a/b","tag":"v1","fsLayers":[{"blobSum":"sha256:x"}],"signatures":[]})",
           R"({"mediaType":"application/vnd.oci.artifact.manifest.v1+json","artifactType":"a/b","blobs":[]})",
           R"({"mediaType":"application/vnd.example.unheard.of+json"})",
           R"({"layers":[{"digest":"sha256:x","size":1,"urls":["https://a.b"]}]})",
           " \n{\"schemaVersion\" : 2}\n",
       }) {
    INFO(text);
    CHECK(is_manifest(text));
  }
  CHECK(is_manifest(R"({"annotations":{"a":")" + std::string(1 << 20, 'x') + R"("},"schemaVersion":2})"));
  CHECK(is_manifest(R"({"annotations":)" + std::string(100, '[') + std::string(100, ']') + R"(,"schemaVersion":2})"));
}

TEST_CASE("pages, empty bodies and JSON of other things are no manifests, and the error says what they are") {
  const std::vector<std::pair<std::string, std::string>> cases{
      {"", "an empty body"},
      {" \r\n", "an empty body"},
      {"<!DOCTYPE html><html></html>", "a web page"},
      {"\n<?xml version=\"1.0\"?><Error/>", "a web page"},
      {"Please log in", "not JSON"},
      {R"({"schemaVersion":2)", "not JSON"},
      {R"({"schemaVersion":2} trailing)", "not JSON"},
      {"[]", "no object"},
      {"\"manifest\"", "no object"},
      {"{}", "neither"},
      {R"({"errors":[{"code":"DENIED","message":"no"}]})", "neither"},
      {R"({"status":"ok","schema":{"schemaVersion":2},"config":{}})", "neither"},
      {R"({"layers":"none"})", "neither"},
  };
  for (const auto& [text, said] : cases) {
    INFO(text);
    const auto checked = check_manifest(bytes_of(text));
    REQUIRE_FALSE(checked);
    CHECK(checked.error().kind == ErrorKind::unavailable);
    CHECK_THAT(checked.error().what, Catch::Contains(said) && Catch::Contains("portal"));
  }
}

TEST_CASE("an index of referrers has a list of manifests and no other type or subject") {
  const auto check = [](const std::string& text) { return check_index(bytes_of(text), digest).has_value(); };
  CHECK(check(R"({"schemaVersion":2,"manifests":[]})"));
  CHECK(check(R"({"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[{"digest":"sha512:x"},{}]})"));
  CHECK(check(R"({"manifests":[],"subject":{"digest":")" + digest.text() + R"("}})"));
  for (const char* other : {
           "<html></html>",
           "",
           R"({"schemaVersion":2,"layers":[]})",
           R"({"manifests":{}})",
           R"({"manifests":["sha256:x"]})",
           R"({"mediaType":"application/vnd.oci.image.manifest.v1+json","manifests":[]})",
           R"({"manifests":[],"subject":{"digest":"sha256:another"}})",
       }) {
    INFO(other);
    CHECK_FALSE(check(other));
  }
}

TEST_CASE("a list is a JSON object") {
  CHECK(check_list(bytes_of(R"({"name":"a","tags":null})")));
  for (const char* other : {"", "<html>", "[]", "{\"tags\":[\"a\""}) CHECK_FALSE(check_list(bytes_of(other)));
}

TEST_CASE("a list that comes in parts is judged as a whole one is") {
  const auto in_parts = [](const std::string& text, std::optional<Digest> subject) {
    ListCheck check(std::move(subject));
    ListCheck moved(std::move(check));
    Result<void> sound;
    for (std::size_t at = 0; sound && at < text.size(); at += 5) sound = moved.push(bytes_of(text.substr(at, 5)));
    return sound && moved.finish();
  };
  const std::string long_list = "[" + std::string(10'000, ' ') + R"({"digest":"sha512:x"},{"annotations":{"subject":"x"}}])";
  for (const std::string& text : {
           R"({"schemaVersion":2,"manifests":)" + long_list + "}",
           R"({"mediaType":"application\/vnd.oci.image.index.v1+json","manifests":)" + long_list + "}",
           R"({"manifests":)" + long_list + R"(,"subject":{"digest":")" + digest.text() + R"("}})",
           R"({"manifests":)" + long_list + R"(,"subject":{"digest":"sha256:another"}})",
           R"({"manifests":)" + long_list + R"(,"mediaType":"application/vnd.oci.image.manifest.v1+json"})",
           R"({"manifests":["x"]})" + std::string(5'000, ' '),
           std::string(R"({"manifests":{}})"),
           std::string(R"({"manifests":[]})"),
           R"({"name":"a","tags":)" + long_list + "}",
           R"({"name":"a","tags":)" + long_list,
           long_list,
           "\"" + std::string(5'000, 'x') + "\"",
           "\xef\xbb\xbf{\"tags\":" + long_list + "}",
           std::string("<html></html>"),
           std::string("  \n<html>"),
           std::string(),
       }) {
    INFO(text);
    CHECK(in_parts(text, digest) == check_index(bytes_of(text), digest).has_value());
    CHECK(in_parts(text, std::nullopt) == check_list(bytes_of(text)).has_value());
  }
  ListCheck check(std::nullopt);
  CHECK_THAT(check.push(bytes_of("<html>")).error().what, Catch::Contains("a web page"));
}

TEST_CASE("HEAD names a manifest when it has a digest, a size and a type that is no page's") {
  const auto named = named_manifest(head());
  REQUIRE(named);
  CHECK(named->digest == digest);
  CHECK(named->size_bytes == 8);
  CHECK(named->content_type == head().content_type);
  for (const char* type : {"", " ", "; charset=utf-8", "text/html", "Text/HTML; charset=utf-8", "application/xml"}) {
    Answer answer = head();
    answer.content_type = type;
    CHECK_FALSE(named_manifest(answer));
  }
  for (const auto length : {std::optional<std::uint64_t>(), std::optional<std::uint64_t>(0)}) {
    Answer answer = head();
    answer.length = length;
    CHECK_FALSE(named_manifest(answer));
  }
  Answer nameless = head();
  nameless.digest = "v1";
  CHECK_FALSE(named_manifest(nameless));
  CHECK_FALSE(named_manifest(head(404)));
}

TEST_CASE("GET settles what HEAD refuses, but for a challenge, a limit and a failing registry") {
  for (const unsigned status : {200U, 400U, 403U, 404U, 405U, 406U, 410U, 501U}) CHECK(is_settled_by_get(head(status)));
  for (const unsigned status : {401U, 408U, 429U, 500U, 502U, 503U, 504U}) CHECK_FALSE(is_settled_by_get(head(status)));
}

TEST_CASE("media types are compared without parameters and white space") {
  CHECK(bare_type("a/b; charset=utf-8") == "a/b");
  CHECK(bare_type(" a/b ;x=y") == "a/b");
  CHECK(bare_type("a/b") == "a/b");
  CHECK(bare_type(";").empty());
}
