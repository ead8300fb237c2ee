// Pulls whose seeder, or whose peers, cannot be dialled while the tracker is there.
#include "tests/unit/agent/tracked_node.hpp"

using namespace shoal;
using namespace shoal::agent;

namespace {

const pull::SeederLimits limits;
const control::Endpoint seeder{"", 7082, "tracker", true};
const control::Endpoint peer{"10.0.0.9", 7072, "node-9", false};

// Each pull is of another layer. The swarm connects to nobody unless it is told to.
struct Stage : TrackedNode {
  Stage() { node.swarm.reaches_peers = false; }

  struct Pull {
    Bytes content;
    Digest digest;
    Reading reading{};
  };
  Pull& begin(const std::vector<control::Endpoint>& named) {
    const std::size_t size = 300'000 + pulls.size();
    Bytes content = numbered_bytes(size);
    const Digest digest = node.origin.add(content);
    pulls.push_back({std::move(content), digest});
    const PieceLayout layout(ByteCount{size});
    tracker.answer_joins_with({.digest = digest,
                               .size_bytes = size,
                               .piece_length_bytes = static_cast<std::uint32_t>(layout.piece_length().value),
                               .generation = 1,
                               .content_type = {},
                               .peers = named,
                               .holders = {}});
    node.read(digest, {}, pulls.back().reading);
    return pulls.back();
  }
  void pass(Milliseconds time) {
    node.clock.advance(time);
    node.settle();
  }
  void tell(const Pull& pull, swarm::Event event) {
    node.swarm.report(name(pull), std::move(event));
    node.settle();
  }
  static SwarmName name(const Pull& pull) {
    return swarm_name(SwarmKey{}, pull.digest, PieceLayout(ByteCount{pull.content.size()}), 1);
  }
  void deliver(const Pull& pull, bool from_seeder) {
    const PieceIndex pieces = PieceLayout(ByteCount{pull.content.size()}).count();
    for (PieceIndex piece = 0; piece < pieces; ++piece) {
      tell(pull, swarm::PieceArrived{write(*node.pulls.running().at(pull.digest), pull.content, piece), from_seeder});
    }
  }
  // Until the origin has been asked so often; what a pull in its turn at the origin waits, too.
  Milliseconds until_origin(int times) {
    const Time began = node.clock.now();
    while (node.origin.opened < times && node.clock.now() - began < Milliseconds(10'000)) pass(Milliseconds(10));
    return std::chrono::duration_cast<Milliseconds>(node.clock.now() - began);
  }

  std::deque<Pull> pulls;
};

const Milliseconds turn = pull::Limits{}.sources.origin_spread;
constexpr Milliseconds look{260};  // the pull looks at its swarm this often

}  // namespace

TEST_CASE("a pull whose seeder cannot be dialled goes on to the origin within a second, the next ones at once") {
  Stage stage;
  stage.begin({seeder});
  const Milliseconds first = stage.until_origin(1);
  CHECK(first >= limits.first);
  CHECK(first <= limits.first + look + turn);
  for (int further = 2; further < 6; ++further) {
    stage.begin({seeder});
    CHECK(stage.until_origin(further) <= limits.again + Milliseconds(20));
  }
  CHECK(stage.node.metrics.reach.unreached_seeders.value() == 5);
  const auto told = stage.tracker.heard<control::Unreachable>();
  REQUIRE(told.size() == 1);
  CHECK(told[0].service == control::Service::pieces);
  CHECK(told[0].endpoint.host == "10.0.0.1");
  CHECK(told[0].endpoint.port == 7082);
}

TEST_CASE("a known seeder has the time of a connection over a link that is slow, and no more for an origin that is") {
  Stage stage;
  stage.tracker.round_trip = Milliseconds(40);
  stage.begin({seeder});
  stage.until_origin(1);
  stage.begin({seeder});
  const Milliseconds further = stage.until_origin(2);
  CHECK(further >= stage.tracker.round_trip * limits.round_trips);
  CHECK(further <= stage.tracker.round_trip * limits.round_trips + Milliseconds(60));
}

TEST_CASE("a seeder that cannot be dialled is told though the peers had the whole layer") {
  Stage stage;
  const auto& pull = stage.begin({seeder, peer});
  stage.tell(pull, swarm::PeerReached{false});
  for (int i = 0; i < 3; ++i) {
    stage.pass(limits.first / 2);
    stage.tell(pull, swarm::Receiving{});
  }
  stage.deliver(pull, false);
  stage.pass(Milliseconds(300));
  REQUIRE(stage.pulls.back().reading.ended);
  CHECK(stage.node.metrics.reach.unreached_seeders.value() == 1);
  CHECK(stage.tracker.count<control::Unreachable>() == 1);

  const auto& quick = stage.begin({seeder, peer});
  stage.tell(quick, swarm::PeerReached{false});
  stage.deliver(quick, false);
  stage.pass(Milliseconds(300));
  CHECK(stage.node.metrics.reach.unreached_seeders.value() == 1);
}

TEST_CASE("while a seeder is out of reach the tracker is not made to fetch for nothing, until its port answers a try") {
  Stage stage;
  stage.begin({seeder});
  int pulls = 1;
  stage.until_origin(pulls);
  const auto want_of_next = [&] {
    stage.begin({seeder});
    const control::Want want = stage.tracker.heard<control::Join>().back().want;
    stage.until_origin(++pulls);
    return want;
  };
  CHECK(want_of_next() == control::Want::of_agents);
  CHECK(stage.node.tried_ports.empty());
  stage.pass(Milliseconds(5'000));
  CHECK(want_of_next() == control::Want::of_agents);
  CHECK(stage.node.tried_ports == std::vector<std::uint16_t>{7082});
  CHECK(want_of_next() == control::Want::of_agents);  // a rest of ten seconds now
  CHECK(stage.node.tried_ports.size() == 1);
  stage.node.ports_answer = true;
  stage.pass(Milliseconds(10'000));
  stage.begin({seeder});
  CHECK(stage.tracker.heard<control::Join>().back().want == control::Want::of_agents);  // the try takes a while
  CHECK(stage.node.tried_ports.size() == 2);
  stage.begin({seeder});
  CHECK(stage.tracker.heard<control::Join>().back().want == control::Want::layer);
}

TEST_CASE("a seeder that refuses the connection costs no more than a tenth of a second, also the first time") {
  Stage stage;
  const auto& pull = stage.begin({seeder});
  stage.tell(pull, swarm::PeerNotReached{{"10.0.0.1", 7082, true}, "Connection refused"});
  CHECK(stage.until_origin(1) <= limits.again + look + turn);
}

TEST_CASE("a connection to the seeder clears it: the next pull has all its time again") {
  Stage stage;
  stage.begin({seeder});
  stage.until_origin(1);
  const auto& reached = stage.begin({seeder});
  stage.tell(reached, swarm::PeerReached{true});
  stage.pass(Milliseconds(3'000));
  CHECK(stage.node.origin.opened == 1);
  stage.deliver(reached, true);
  stage.begin({seeder});
  CHECK(stage.until_origin(2) >= limits.first);
}

TEST_CASE("a pull whose seeder is connected, or that was named none, waits for the swarm as ever") {
  Stage stage;
  const auto& connected = stage.begin({seeder});
  stage.tell(connected, swarm::PeerReached{true});
  stage.begin({peer});
  stage.pass(Milliseconds(4'500));
  CHECK(stage.node.origin.opened == 0);
}

TEST_CASE("bytes of peers keep a pull in its swarm without the seeder") {
  Stage stage;
  const auto& pull = stage.begin({seeder, peer});
  for (int i = 0; i < 10; ++i) {
    stage.pass(Milliseconds(500));
    stage.tell(pull, swarm::Receiving{});
  }
  CHECK(stage.node.origin.opened == 0);
}

TEST_CASE("a seeder that sends pieces of another layer is there, though a connection takes long") {
  Stage stage;
  const auto& other = stage.begin({seeder});
  stage.tell(other, swarm::PeerReached{true});
  stage.begin({seeder});
  const PieceIndex pieces = 4;
  for (PieceIndex piece = 0; piece < pieces; ++piece) {
    stage.pass(Milliseconds(500));
    const auto written = stage.write(*stage.node.pulls.running().at(other.digest), other.content, piece);
    stage.tell(other, swarm::PieceArrived{written, true});
  }
  CHECK(stage.node.origin.opened == 0);
}

TEST_CASE("a peer that could not be dialled is told to the tracker once, in however many swarms it was named") {
  Stage stage;
  const auto& pull = stage.begin({seeder, peer});
  const auto& another = stage.begin({seeder, peer});
  for (int i = 0; i < 3; ++i) {
    stage.tell(pull, swarm::PeerNotReached{{peer.host, peer.port, false}, "Connection refused"});
  }
  stage.tell(pull, swarm::PeerNotReached{{"10.0.0.77", 7072, false}, "never named"});
  CHECK(stage.tracker.heard<control::Unreachable>() ==
        std::vector<control::Unreachable>{{pull.digest, control::Service::pieces, peer}});
  CHECK(stage.node.metrics.reach.unreached_peers.value() == 1);
  stage.tell(another, swarm::PeerNotReached{{peer.host, peer.port, false}, "Connection refused"});
  CHECK(stage.node.metrics.reach.unreached_peers.value() == 2);
  CHECK(stage.tracker.count<control::Unreachable>() == 1);
}

TEST_CASE("a layer that came from the seeder alone though peers were named is told") {
  Stage stage;
  const auto& pull = stage.begin({seeder, peer});
  stage.tell(pull, swarm::PeerReached{true});
  stage.pass(Milliseconds(1'100));
  stage.deliver(pull, true);
  stage.pass(Milliseconds(300));
  CHECK(stage.pulls.back().reading.ended);
  CHECK(stage.node.metrics.reach.seeder_only_layers.value() == 1);

  const auto& connected = stage.begin({seeder, peer});
  stage.tell(connected, swarm::PeerReached{true});
  stage.tell(connected, swarm::PeerReached{false});
  stage.pass(Milliseconds(1'100));
  stage.deliver(connected, true);
  stage.pass(Milliseconds(300));
  CHECK(stage.node.metrics.reach.seeder_only_layers.value() == 1);
}
