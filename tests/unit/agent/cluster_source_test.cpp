// A pull from a swarm whose tracker does not stay.
#include "agent/pull/cluster_source.hpp"

#include "tests/unit/agent/pulling_node.hpp"

using namespace shoal;
using namespace shoal::agent;

namespace {

// A tracker of one layer: it welcomes whoever dials, lets them join, and hangs up when it is told to.
class PassingTracker {
 public:
  link::Dial dial() {
    return [this](std::string, std::string, std::string) { return connect(); };
  }
  void runs_on(Loop& loop) { loop_ = &loop; }
  void has(control::Joined joined) { joined_ = std::move(joined); }
  void hang_up() { end(*connection_); }

 private:
  struct Connection {
    explicit Connection(Loop& loop) : changed(loop) {}
    std::deque<Bytes> inbox;  // of the agent
    bool is_open = true;
    Signal changed;
  };
  static void end(Connection& connection) {
    connection.is_open = false;
    connection.changed.notify();
  }
  static void tell(Connection& connection, const control::TrackerMessage& message) {
    connection.inbox.push_back(control::encode(message));
    connection.changed.notify();
  }

  class Socket final : public http::WebSocket {
   public:
    Socket(PassingTracker& tracker, std::shared_ptr<Connection> connection)
        : tracker_(tracker), connection_(std::move(connection)) {}
    ~Socket() override { end(*connection_); }
    Task<Result<Bytes>> receive() override {
      const auto connection = connection_;
      while (connection->inbox.empty() && connection->is_open) co_await connection->changed.wait();
      if (!connection->is_open) co_return fail(ErrorKind::unavailable, "the tracker hung up");
      Bytes frame = std::move(connection->inbox.front());
      connection->inbox.pop_front();
      co_return frame;
    }
    void send(Bytes frame) override {
      const auto message = control::decode_agent_message(frame);
      if (message && std::holds_alternative<control::Join>(*message)) tell(*connection_, tracker_.joined_.value());
    }
    void close() override { end(*connection_); }
    std::string peer_address() const override { return "10.0.0.1"; }
    std::string local_address() const override { return "10.0.0.2"; }

   private:
    PassingTracker& tracker_;
    std::shared_ptr<Connection> connection_;
  };

  Task<Result<std::unique_ptr<http::WebSocket>>> connect() {
    connection_ = std::make_shared<Connection>(*loop_);
    tell(*connection_, control::Welcome{});
    std::unique_ptr<http::WebSocket> socket = std::make_unique<Socket>(*this, connection_);
    co_return std::move(socket);
  }

  Loop* loop_ = nullptr;
  std::optional<control::Joined> joined_;
  std::shared_ptr<Connection> connection_;  // the last one
};

constexpr Milliseconds away{2'000};  // as long as a link pauses at most, and no longer than any patience
constexpr Milliseconds there{1'000};

struct Stage {
  Stage() {
    const PieceLayout layout(ByteCount{content.size()});
    tracker.runs_on(node.loop);
    tracker.has({.digest = digest,
                 .size_bytes = content.size(),
                 .piece_length_bytes = static_cast<std::uint32_t>(layout.piece_length().value),
                 .generation = 1,
                 .content_type = {},
                 .peers = {},
                 .holders = {}});
    node.trackers.start(node.pulls);
    node.settle();
    node.read(digest, {}, reading);
    REQUIRE(node.swarm.swarms.size() == 1);
    REQUIRE(node.pulls.running().contains(digest));
  }
  // The pull looks around afterwards, as it does by itself every 250 ms.
  void pass(Milliseconds time) {
    node.clock.advance(time);
    node.settle();
    for (const auto& entry : node.pulls.running()) entry.second->changed().notify();
    node.settle();
  }
  void go_and_come_back() {
    tracker.hang_up();
    node.settle();
    REQUIRE_FALSE(node.trackers.any_up());
    pass(away);
    REQUIRE(node.trackers.any_up());
    pass(there);
  }
  void deliver(PieceIndex piece) {
    const auto file = node.pulls.running().at(digest)->partial().file();
    const PieceLayout& layout = file->layout();
    PieceHashes hashes(layout);
    const ByteView bytes = ByteView(content).subspan(layout.offset(piece), layout.length(piece));
    const auto written = file->write(hashes.take_from_origin(piece, bytes).value());
    REQUIRE(written);
    node.swarm.report(node.swarm.swarms.begin()->first, swarm::PieceArrived{*written, false});
    node.settle();
  }

  Bytes content = numbered_bytes(300'000);
  PassingTracker tracker;  // outlives who dials it
  PullingNode node{{}, {"http://tracker"}, tracker.dial()};
  Digest digest = node.origin.add(content);
  Reading reading;
};

}  // namespace

TEST_CASE("a pull whose tracker goes and comes back again and again turns to the origin when no piece comes") {
  Stage stage;
  const Time began = stage.node.clock.now();
  const auto waited = [&] { return stage.node.clock.now() - began; };
  while (stage.node.origin.opened == 0 && waited() < std::chrono::minutes(2)) stage.go_and_come_back();
  const pull::ClusterLimits limits;
  CHECK(waited() >= limits.origin_wait);
  CHECK(waited() <= limits.origin_wait + limits.return_of_tracker + limits.return_spread + away + there);
  stage.pass(there);
  REQUIRE(stage.reading.ended);
  CHECK_FALSE(stage.reading.error);
  CHECK(stage.reading.bytes == stage.content);
  CHECK(stage.node.origin.opened == 1);
}

TEST_CASE("a pull whose tracker goes and comes back again and again stays with the cluster while pieces come") {
  Stage stage;
  const PieceIndex pieces = PieceLayout(ByteCount{stage.content.size()}).count();
  for (PieceIndex piece = 0; piece < pieces; ++piece) {
    stage.go_and_come_back();
    stage.deliver(piece);
  }
  stage.pass(there);
  REQUIRE(stage.reading.ended);
  CHECK_FALSE(stage.reading.error);
  CHECK(stage.reading.bytes == stage.content);
  CHECK(stage.node.origin.opened == 0);
}
