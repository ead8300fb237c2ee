#include "tracker/seeder/peers_then_origin.hpp"

#include "shared/holder/protocol.hpp"
#include "tests/doubles/http_origin.hpp"
#include "tests/doubles/scripted_server.hpp"
#include "tests/unit/tracker/seeder_fixture.hpp"

using namespace shoal;
using namespace shoal::tracker::seeder;

namespace {

control::Endpoint at(int port, const std::string& node) {
  return {"127.0.0.1", static_cast<std::uint16_t>(port), node, false};
}

// The beginning of a layer, under a head that may say what it likes.
std::string answer(const std::string& head, ByteView bytes = {}) {
  return "HTTP/1.1 " + head + "\r\n\r\n" + std::string(text_of(bytes));
}

std::string beginning_of(const Bytes& layer, std::size_t count) {
  return answer("200 OK\r\nContent-Length: " + std::to_string(layer.size()), ByteView(layer).first(count));
}

// An agent that holds one layer, and serves it to a client with the swarm key.
struct HoldingAgent {
  HoldingAgent(const SeederFixture& f, const Digest& digest, const Bytes& bytes) {
    const std::string proof = "Shoal " + holder::proof(f.keys.swarm, digest);
    http.routes().Get("/v1/held/" + digest.text(), [proof, bytes](const auto& request, auto& response) {
      if (request.get_header_value("Authorization") != proof) {
        response.status = 401;
      } else {
        response.set_content(std::string(text_of(bytes)), "application/octet-stream");
      }
    });
    http.start();
  }
  control::Endpoint endpoint(const std::string& node = "holder") const { return at(http.port(), node); }
  test::HttpOrigin http;
};

}  // namespace

TEST_CASE("what an agent holds and the store does not is read there, and the origin is not asked") {
  SeederFixture f;
  const Bytes bytes = numbered_bytes(layer_size.value);
  const Digest digest = digest_of(DigestAlgorithm::sha256, bytes);
  const HoldingAgent agent(f, digest, bytes);
  f.holders = {{"127.0.0.1", 1, "gone", false}, agent.endpoint()};
  f.seeder.request_layer(f.request(digest));
  REQUIRE(f.until_held(digest));
  CHECK(f.held_bytes(digest) == bytes);
  CHECK(f.source.opened_from.empty());
  CHECK(f.metrics.origin_received_bytes.value() == 0);
  CHECK(f.metrics.agents_received_bytes.value() == layer_size.value);
}

TEST_CASE("an agent that gives wrong bytes costs a generation, and the origin is asked instead") {
  SeederFixture f;
  const Digest digest = f.source.add(numbered_bytes(layer_size.value));
  const HoldingAgent agent(f, digest, numbered_bytes(layer_size.value, 9));
  f.holders = {agent.endpoint()};
  f.seeder.request_layer(f.request(digest));
  REQUIRE(f.until_held(digest));
  CHECK(f.told.restarts == std::vector<Generation>{1});
  CHECK(f.told.corrupt_holders == std::vector<std::string>{"holder"});
  CHECK(f.held_bytes(digest) == numbered_bytes(layer_size.value));
  CHECK(f.source.opened_from == std::vector<std::uint64_t>{0});
}

TEST_CASE("agents that do not give what they are said to hold leave the origin") {
  SeederFixture f;
  const Digest digest = f.source.add(numbered_bytes(layer_size.value));
  const HoldingAgent other(f, digest_of(DigestAlgorithm::sha256, bytes_of("other")), copy_of(bytes_of("other")));
  f.holders = {{"127.0.0.1", 1, "gone", false}, other.endpoint()};
  f.seeder.request_layer(f.request(digest));
  REQUIRE(f.until_held(digest));
  CHECK(f.told.restarts.empty());
}

TEST_CASE("an agent's false size does not refuse a layer: the next agent is asked, or the origin") {
  SeederFixture f;
  const Bytes bytes = numbered_bytes(layer_size.value);
  const test::ScriptedServer liar(answer("200 OK\r\nContent-Length: 100000000000"), test::Afterwards::stay_silent);
  SECTION("the origin") {
    const Digest digest = f.source.add(bytes);
    f.holders = {at(liar.port(), "liar")};
    f.seeder.request_layer(f.request(digest));
    REQUIRE(f.until_held(digest));
    CHECK(f.source.opened_from.size() == 1);
  }
  SECTION("the origin, when there would be room for the false size") {
    const Digest digest = f.source.add(bytes);
    const test::ScriptedServer modest(answer("200 OK\r\nContent-Length: 1000000"), test::Afterwards::stay_silent);
    f.holders = {at(modest.port(), "liar")};
    SeedRequest wanted = f.request(digest);
    wanted.size_hint_bytes = bytes.size();
    f.seeder.request_layer(wanted);
    REQUIRE(f.until_held(digest));
    CHECK(f.source.opened_from.size() == 1);
  }
  SECTION("the next agent") {
    const Digest digest = digest_of(DigestAlgorithm::sha256, bytes);
    const HoldingAgent agent(f, digest, bytes);
    f.holders = {at(liar.port(), "liar"), agent.endpoint()};
    f.seeder.request_layer(f.request(digest));
    REQUIRE(f.until_held(digest));
    CHECK(f.source.opened_from.empty());
  }
  CHECK(f.told.refusals.empty());
  CHECK(f.told.restarts.empty());
}

TEST_CASE("a manifest that an agent says is too large is asked of the origin") {
  SeederFixture f;
  const Digest digest = f.source.add(numbered_bytes(1'000), "application/vnd.oci.image.manifest.v1+json");
  const test::ScriptedServer liar(answer("200 OK\r\nContent-Length: 5000000"), test::Afterwards::stay_silent);
  f.holders = {at(liar.port(), "liar")};
  f.seeder.request_layer(f.request(digest, origin::Kind::manifest));
  REQUIRE(f.until_held(digest));
  CHECK(f.told.refusals.empty());
  CHECK(f.store.find(digest)->side().content_type == "application/vnd.oci.image.manifest.v1+json");
}

TEST_CASE("the content type that an agent says is not kept, and its manifest is handed on as one all the same") {
  SeederFixture f;
  const Bytes bytes = numbered_bytes(400'000);
  const Digest digest = digest_of(DigestAlgorithm::sha256, bytes);
  const HoldingAgent agent(f, digest, bytes);
  f.holders = {agent.endpoint()};
  f.seeder.request_layer(f.request(digest, origin::Kind::manifest));
  REQUIRE(f.until_held(digest));
  CHECK(f.told.known_layers.at(0).content_type.empty());
  CHECK(f.store.find(digest)->side().content_type.empty());
  const SeedResult again = f.seeder.request_layer(f.request(digest, origin::Kind::manifest));
  REQUIRE(std::holds_alternative<LayerInfo>(again));
  CHECK(std::get<LayerInfo>(again).is_small);
}

TEST_CASE("of two agents that gave parts of a wrong layer neither is distrusted") {
  SeederFixture f;
  const Bytes right = numbered_bytes(layer_size.value);
  const Digest digest = f.source.add(right);
  const test::ScriptedServer liar(beginning_of(numbered_bytes(layer_size.value, 9), 1'000'000),
                                  test::Afterwards::close);
  const HoldingAgent honest(f, digest, right);
  f.holders = {at(liar.port(), "liar"), honest.endpoint("honest")};
  f.seeder.request_layer(f.request(digest));
  REQUIRE(f.until_held(digest));
  CHECK(f.told.restarts == std::vector<Generation>{1});
  CHECK(f.told.corrupt_holders.empty());
  CHECK(f.source.opened_from == std::vector<std::uint64_t>{0});
}

TEST_CASE("an agent that gave wrong bytes is distrusted though the origin gave the rest") {
  SeederFixture f;
  const Digest digest = f.source.add(numbered_bytes(layer_size.value));
  const test::ScriptedServer liar(beginning_of(numbered_bytes(layer_size.value, 9), 1'000'000),
                                  test::Afterwards::close);
  f.holders = {at(liar.port(), "liar")};
  f.seeder.request_layer(f.request(digest));
  REQUIRE(f.until_held(digest));
  CHECK(f.told.corrupt_holders == std::vector<std::string>{"liar"});
  CHECK(f.source.opened_from == std::vector<std::uint64_t>{1'000'000, 0});
}

TEST_CASE("an agent that gives the rest of what was there before is not distrusted") {
  SeederFixture f;
  const Bytes right = numbered_bytes(layer_size.value);
  const Digest digest = f.source.add(right);
  f.source.next_answers({{.cut_after = 1'000'000, .bytes = numbered_bytes(layer_size.value, 9)},
                         {.cut_after = 1'000'000},
                         {.cut_after = 1'000'000},
                         {.cut_after = 1'000'000}});
  f.seeder.request_layer(f.request(digest));
  REQUIRE(f.until([&] { return !f.told.refusals.empty(); }));
  REQUIRE(f.store.partial() == layer_size);
  const HoldingAgent honest(f, digest, right);
  f.holders = {honest.endpoint("honest")};
  f.clock.advance(Seeder::remember_refusal);
  f.seeder.request_layer(f.request(digest));
  REQUIRE(f.until_held(digest));
  CHECK(f.metrics.agents_received_bytes.value() > 0);
  CHECK(f.told.restarts == std::vector<Generation>{1});
  CHECK(f.told.corrupt_holders.empty());
}

TEST_CASE("an agent that names another size for the rest of a layer is passed over") {
  SeederFixture f;
  const Bytes right = numbered_bytes(layer_size.value);
  const Digest digest = f.source.add(right);
  const test::ScriptedServer cut(beginning_of(right, 1'000'000), test::Afterwards::close);
  const test::ScriptedServer liar(answer("206 Partial Content\r\nContent-Length: 3000000\r\n"
                                         "Content-Range: bytes 1000000-3999999/4000000"),
                                  test::Afterwards::stay_silent);
  f.holders = {at(cut.port(), "cut"), at(liar.port(), "liar")};
  f.seeder.request_layer(f.request(digest));
  REQUIRE(f.until_held(digest));
  CHECK(f.told.restarts.empty());
  CHECK(f.told.corrupt_holders.empty());
  CHECK(f.source.opened_from == std::vector<std::uint64_t>{1'000'000});
}
