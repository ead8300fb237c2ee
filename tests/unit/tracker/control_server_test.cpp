#include "tracker/control_server.hpp"

#include "shared/holder/protocol.hpp"
#include "shared/http/client.hpp"
#include "tests/unit/tracker/coordinator_fixture.hpp"
#include "tracker/agent_session.hpp"

using namespace shoal;
using namespace shoal::tracker;

namespace {

struct Answer {
  unsigned status = 0;
  http::Headers headers;
  std::string body;
};

// A tracker's servers on loopback, and a client on the same loop.
struct Fixture : CoordinatorFixture {
  http::ServeThreads serve_threads{clock, 1};
  ControlServer server{{loop, clock, serve_threads, core, store, keys}, "127.0.0.1:0"};

  static Task<void> ask(Clock& clock, http::ClientRequest request, std::optional<Answer>& answer) {
    auto response = co_await http::request(clock, std::move(request));
    REQUIRE(response);
    const auto body = co_await http::read_all(**response, 1_MiB);
    REQUIRE(body);
    answer = Answer{(*response)->status(), (*response)->headers(), std::string(text_of(*body))};
  }
  Answer get(const std::string& address, const std::string& target, http::Headers headers = {}) {
    http::ClientRequest request;
    request.url = *http::parse_url("http://" + address + target);
    request.headers = std::move(headers);
    std::optional<Answer> answer;
    spawn(loop, ask(clock, std::move(request), answer));
    REQUIRE(until([&] { return answer.has_value(); }));
    return *answer;
  }
  Answer get_small(const Digest& digest, const std::string& proof) {
    return get(server.address(), "/v1/small/" + digest.text(), {{"Authorization", "Shoal " + proof}});
  }

  static Task<void> connect_to(Clock& clock, std::string url, std::unique_ptr<http::WebSocket>& socket) {
    auto connected = co_await http::connect_websocket(clock, url, control::path, control::subprotocol);
    REQUIRE(connected);
    socket = std::move(*connected);
  }
  std::unique_ptr<http::WebSocket> open_socket() {
    std::unique_ptr<http::WebSocket> socket;
    spawn(loop, connect_to(clock, "http://" + server.address(), socket));
    REQUIRE(until([&] { return socket != nullptr; }));
    return socket;
  }
  static Task<void> receive_from(http::WebSocket& socket, std::optional<Result<Bytes>>& frame) {
    frame = co_await socket.receive();
  }
  Result<Bytes> receive(http::WebSocket& socket) {
    std::optional<Result<Bytes>> frame;
    spawn(loop, receive_from(socket, frame));
    REQUIRE(until([&] { return frame.has_value(); }));
    return *frame;
  }
};

control::Hello hello() {
  control::Hello hello;
  hello.node = "node-1";
  hello.swarm.port = 7072;
  return hello;
}

}  // namespace

TEST_CASE("an agent says hello over the WebSocket and is welcomed; when it goes it is no longer connected") {
  Fixture f;
  auto socket = f.open_socket();
  socket->send(control::encode(hello()));
  const auto frame = f.receive(*socket);
  REQUIRE(frame);
  const auto message = control::decode_tracker_message(*frame);
  REQUIRE(message);
  CHECK(std::get<control::Welcome>(*message).swarm_key == f.keys.swarm);
  CHECK(f.get(f.server.address(), "/v1/agents").body.find("\"node-1\"") != std::string::npos);
  socket.reset();
  CHECK(f.until([&] { return f.tracker_metrics.coordinator.connected_agents.value() == 0; }));
}

TEST_CASE("a first message that is not a hello, or does not parse, ends the connection") {
  Fixture f;
  for (const Bytes& first : {control::encode(control::Ban{"x", ""}), Bytes{std::byte{0}, std::byte{1}}, Bytes{}}) {
    auto socket = f.open_socket();
    socket->send(first);
    CHECK_FALSE(f.receive(*socket));
  }
}

TEST_CASE("an agent that says what only a tracker says is cut off") {
  Fixture f;
  auto socket = f.open_socket();
  socket->send(control::encode(hello()));
  REQUIRE(f.receive(*socket));
  socket->send(control::encode(control::Ban{"x", ""}));
  CHECK_FALSE(f.receive(*socket));
}

TEST_CASE("a message of a later version is skipped, and the connection goes on") {
  Fixture f;
  auto socket = f.open_socket();
  socket->send(Bytes{std::byte{200}, std::byte{1}});
  socket->send(control::encode(hello()));
  CHECK(f.receive(*socket));
}

TEST_CASE("a connection without a hello is closed after 10 seconds") {
  Fixture f;
  auto socket = f.open_socket();
  f.clock.advance(AgentSession::hello_limit);
  CHECK_FALSE(f.receive(*socket));
}

TEST_CASE("a small layer is served with its content type to a client that proves the swarm key, and to no other") {
  Fixture f;
  const Bytes content = numbered_bytes(5'000);
  const Digest digest = f.source.add(content, "application/vnd.oci.image.manifest.v1+json");
  f.seeder.request_layer(f.request(digest, origin::Kind::manifest));
  REQUIRE(f.until([&] { return f.store.find(digest).has_value(); }));

  const Answer served = f.get_small(digest, holder::proof(f.keys.swarm, digest));
  CHECK(served.status == 200);
  CHECK(bytes_of(served.body).size() == content.size());
  CHECK(copy_of(bytes_of(served.body)) == content);
  CHECK(http::find_header(served.headers, "Content-Type") == "application/vnd.oci.image.manifest.v1+json");

  SwarmKey other{};
  other.fill(std::byte{1});
  CHECK(f.get_small(digest, holder::proof(other, digest)).status == 401);
  CHECK(f.get_small(digest, "").status == 401);
  CHECK(f.get(f.server.address(), "/v1/small/" + digest.text()).status == 401);
  const Digest unknown = digest_of(DigestAlgorithm::sha256, bytes_of("nowhere"));
  CHECK(f.get_small(unknown, holder::proof(f.keys.swarm, unknown)).status == 404);
  CHECK(f.get(f.server.address(), "/v1/small/sha256:abc").status == 404);
}

TEST_CASE("the layers that are being seeded are shown as JSON") {
  Fixture f;
  const Digest digest = f.source.add(numbered_bytes(300'000));
  f.source.allow(100'000);
  CHECK(f.get(f.server.address(), "/v1/layers").body == "{\n  \"layers\": []\n}\n");
  auto socket = f.open_socket();
  socket->send(control::encode(hello()));
  socket->send(control::encode(control::Join{digest, {control::LayerKind::blob, "reg", "library/alpine"}, 0, {}}));
  REQUIRE(f.receive(*socket));
  REQUIRE(f.receive(*socket));  // joined
  const std::string shown = f.get(f.server.address(), "/v1/layers").body;
  for (const std::string& part : {digest.text(), std::string("\"size_bytes\": 300000"),
                                  std::string("\"state\": \"fetching\""), std::string("\"joining\": 1")}) {
    INFO(shown);
    CHECK(shown.find(part) != std::string::npos);
  }
}

TEST_CASE("metrics are not on the control listener") {
  Fixture f;
  CHECK(f.get(f.server.address(), "/metrics").status == 404);
}
