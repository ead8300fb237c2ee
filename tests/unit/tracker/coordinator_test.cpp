#include "tests/unit/tracker/coordinator_fixture.hpp"

using namespace shoal;
using namespace shoal::tracker;
using namespace shoal::tracker::directory;

TEST_CASE("an agent is welcomed with the swarm key, the public key and the tracker's epoch") {
  CoordinatorFixture f;
  const auto welcomes = f.connect("a").all<control::Welcome>();
  REQUIRE(welcomes.size() == 1);
  CHECK(welcomes[0].swarm_key == f.keys.swarm);
  CHECK(welcomes[0].public_key == f.keys.signing.public_key());
  CHECK(welcomes[0].epoch == 5);
}

TEST_CASE("all agents that join an unknown layer are answered once the origin has named its size, with the seeder") {
  CoordinatorFixture f;
  const Digest digest = f.source.add(numbered_bytes(layer_size.value));
  for (const char* node : {"a", "b", "c"}) {
    f.connect(node);
    f.join(node, digest, layer_size.value);
    CHECK(f.links[node].all<control::Joined>().empty());
  }
  REQUIRE(f.until([&] { return f.links["c"].all<control::Finished>().size() == 1; }));
  for (const char* node : {"a", "b", "c"}) {
    const auto joined = f.links[node].all<control::Joined>();
    REQUIRE(joined.size() == 1);
    CHECK(joined[0].size_bytes == layer_size.value);
    CHECK(joined[0].piece_length_bytes == 16'384);
    CHECK(joined[0].peers == std::vector<control::Endpoint>{{"", 7082, "tracker", true}});
    CHECK(joined[0].holders.empty());
    CHECK(f.links[node].all<control::Finished>().size() == 1);
  }
  CHECK(f.source.opened_from.size() == 1);
}

TEST_CASE("a member's first progress brings it its neighbours, all of whom were ready before") {
  CoordinatorFixture f;
  const Digest digest = f.source.add(numbered_bytes(layer_size.value));
  f.join_all({"a", "b", "c"}, digest);
  f.progress("a", digest);
  f.progress("b", digest);
  f.progress("b", digest);
  CHECK(f.links["a"].all<control::Peers>().empty());
  CHECK(f.links["c"].all<control::Peers>().empty());
  const auto peers = f.links["b"].all<control::Peers>();
  REQUIRE(peers.size() == 1);
  REQUIRE(peers[0].peers.size() == 1);
  CHECK(peers[0].peers[0].node == "a");
  CHECK(peers[0].peers[0].port == 7072);
}

TEST_CASE("while the origin sends nothing, all agents that joined the layer are told to wait each second") {
  CoordinatorFixture f;
  const Digest digest = f.source.add(numbered_bytes(layer_size.value));
  f.source.allow(0);
  for (const char* node : {"a", "b"}) {
    f.connect(node);
    f.join(node, digest);
  }
  f.coordinator.tick();
  CHECK(f.links["a"].all<control::Waiting>().empty());
  f.settle();
  f.clock.advance(Milliseconds(1'000));
  f.coordinator.tick();
  for (const char* node : {"a", "b"}) CHECK(f.links[node].all<control::Waiting>().size() == 1);
  f.source.allow(layer_size.value);
  REQUIRE(f.until([&] { return f.links["b"].all<control::Finished>().size() == 1; }));
  f.clock.advance(Milliseconds(1'000));
  f.coordinator.tick();
  CHECK(f.links["a"].all<control::Waiting>().size() == 1);
}

TEST_CASE("a size hint that differs from the origin's size is refused, and the others are answered") {
  CoordinatorFixture f;
  const Digest digest = f.source.add(numbered_bytes(layer_size.value));
  f.connect("wrong");
  f.connect("right");
  f.join("wrong", digest, layer_size.value + 1);
  f.join("right", digest, layer_size.value);
  REQUIRE(f.until([&] { return !f.links["right"].all<control::Joined>().empty(); }));
  const auto refused = f.links["wrong"].all<control::Refused>();
  REQUIRE(refused.size() == 1);
  CHECK(refused[0].reason == control::Reason::size);
  CHECK(f.links["wrong"].all<control::Joined>().empty());
  f.join("wrong", digest, 5);
  CHECK(f.links["wrong"].all<control::Refused>().size() == 2);
}

TEST_CASE("a layer that the origin does not have is refused to all agents that wait") {
  CoordinatorFixture f;
  const Digest unknown = digest_of(DigestAlgorithm::sha256, bytes_of("nowhere"));
  for (const char* node : {"a", "b"}) {
    f.connect(node);
    f.join(node, unknown);
  }
  REQUIRE(f.until([&] { return !f.links["b"].all<control::Refused>().empty(); }));
  CHECK(f.links["a"].all<control::Refused>()[0].reason == control::Reason::not_found);
  CHECK(f.core.directory().swarms().empty());
}

TEST_CASE("the refusal of one source goes to the agents that named it, and the source of the others is asked next") {
  CoordinatorFixture f;
  const Digest digest = f.source.add(numbered_bytes(layer_size.value));
  f.source.next_answers({{.error = Error{ErrorKind::unavailable, "429", Milliseconds(30'000)}}});
  for (const char* node : {"a", "b", "c", "d"}) f.connect(node);
  f.join("a", digest);
  f.join("b", digest, layer_size.value, "library/busybox");
  f.join("c", digest, layer_size.value, "library/busybox");
  f.join("d", digest);
  REQUIRE(f.until([&] { return f.links["c"].all<control::Finished>().size() == 1; }));
  for (const char* node : {"a", "d"}) {
    const auto refused = f.links[node].all<control::Refused>();
    REQUIRE(refused.size() == 1);
    CHECK(refused[0].retry_after_ms == 30'000);
    CHECK(f.links[node].all<control::Joined>().empty());
  }
  for (const char* node : {"b", "c"}) {
    CHECK(f.links[node].all<control::Refused>().empty());
    CHECK(f.links[node].all<control::Joined>().size() == 1);
  }
  CHECK(f.source.opened_at == std::vector<std::string>{"library/alpine", "library/busybox"});
}

TEST_CASE("each source is asked once for the agents that wait, and each agent is told the answer of its own") {
  CoordinatorFixture f;
  const Digest digest = f.source.add(numbered_bytes(layer_size.value));
  f.source.next_answers({{.error = Error{ErrorKind::unavailable, "429", Milliseconds(30'000)}},
                         {.error = Error{ErrorKind::not_found, "404"}}});
  for (const char* node : {"a", "b"}) f.connect(node);
  f.join("a", digest);
  f.join("b", digest, 0, "library/busybox");
  REQUIRE(f.until([&] { return !f.links["b"].all<control::Refused>().empty(); }));
  f.settle();
  CHECK(f.links["a"].all<control::Refused>().at(0).reason == control::Reason::unavailable);
  CHECK(f.links["b"].all<control::Refused>().at(0).reason == control::Reason::not_found);
  CHECK(f.source.opened_from.size() == 2);
  CHECK(f.core.directory().swarms().empty());
}

TEST_CASE("wrong bytes at the origin restart all members, and the seeder of the next generation is named to them") {
  CoordinatorFixture f;
  const Digest digest = f.source.add(numbered_bytes(layer_size.value));
  f.source.next_answers({{.bytes = numbered_bytes(layer_size.value, 2)}});
  f.source.allow(1'000'000);
  f.connect("a");
  f.join("a", digest, layer_size.value);
  REQUIRE(f.until([&] { return !f.links["a"].all<control::Joined>().empty(); }));
  f.progress("a", digest);
  f.source.allow(layer_size.value);
  REQUIRE(f.until([&] { return !f.links["a"].all<control::Restart>().empty(); }));
  CHECK(f.links["a"].all<control::Restart>()[0].generation == 1);
  f.progress("a", digest, 0);  // late, of the old swarm
  CHECK(f.links["a"].all<control::Peers>().empty());
  f.progress("a", digest, 1);
  REQUIRE(f.until([&] { return !f.links["a"].all<control::Finished>().empty(); }));
  const auto peers = f.links["a"].all<control::Peers>();
  REQUIRE(peers.size() == 1);
  CHECK(peers[0].generation == 1);
  CHECK(peers[0].peers == std::vector<control::Endpoint>{{"", 7082, "tracker", true}});
}

TEST_CASE("a member that began on the manifest's size before the answer is answered all the same") {
  CoordinatorFixture f;
  const Digest digest = f.source.add(numbered_bytes(layer_size.value));
  f.connect("a");
  f.join("a", digest, layer_size.value);
  f.progress("a", digest);
  REQUIRE(f.until([&] { return !f.links["a"].all<control::Joined>().empty(); }));
  CHECK(f.links["a"].all<control::Joined>()[0].peers.size() == 1);
}

TEST_CASE("a small layer is answered with an agent that holds or fetches it, and with the tracker itself") {
  CoordinatorFixture f;
  const Digest digest = f.source.add(numbered_bytes(1'000));
  for (const char* node : {"a", "b", "c", "d", "e"}) f.connect(node);
  f.join("a", digest);
  REQUIRE(f.until([&] { return !f.links["a"].all<control::Joined>().empty(); }));
  const control::Endpoint tracker_itself{"", 7080, "tracker", false};
  CHECK(f.links["a"].all<control::Joined>()[0].holders == std::vector<control::Endpoint>{tracker_itself});
  CHECK(f.links["a"].all<control::Joined>()[0].peers.empty());

  const control::Endpoint first_agent{"10.0.0.1", 7073, "a", false};
  const std::vector<control::Endpoint> both{first_agent, tracker_itself};
  f.join("b", digest);  // the tracker is busy with the first one
  f.join("b", digest);  // it did not come
  f.progress("a", digest, 0, true);
  f.join("c", digest);
  const auto second = f.links["b"].all<control::Joined>();
  CHECK(second[0].holders.back() == tracker_itself);
  CHECK(second[1].holders == std::vector<control::Endpoint>{tracker_itself});
  CHECK(f.links["c"].all<control::Joined>()[0].holders == both);

  f.coordinator.handle(f.ids["b"], control::Holds{{digest}});
  f.coordinator.handle(f.ids["c"], control::Holds{{digest}});
  f.join("d", digest);
  f.join("e", digest);
  const auto fourth = f.links["d"].all<control::Joined>()[0].holders;
  const auto fifth = f.links["e"].all<control::Joined>()[0].holders;
  REQUIRE(fourth.size() == 4);
  CHECK(fourth[1] == tracker_itself);
  CHECK(fourth[0].node != fifth[0].node);
  CHECK(f.core.directory().swarms().empty());
}

TEST_CASE("the empty layer is answered at once") {
  CoordinatorFixture f;
  f.connect("a");
  f.join("a", digest_of(DigestAlgorithm::sha256, {}));
  const auto joined = f.links["a"].all<control::Joined>();
  REQUIRE(joined.size() == 1);
  CHECK(joined[0].size_bytes == 0);
  CHECK(joined[0].holders.empty());
}

TEST_CASE("agents that hold a wanted layer are asked to serve it, at most eight, each once") {
  CoordinatorFixture f;
  const Digest digest = f.source.add(numbered_bytes(layer_size.value));
  for (int i = 0; i < 12; ++i) f.connect("holder-" + std::to_string(i), {digest});
  f.connect("a");
  f.connect("b");
  f.join("a", digest);
  f.join("b", digest);
  REQUIRE(f.until([&] { return !f.links["b"].all<control::Joined>().empty(); }));
  std::size_t asked = 0;
  for (int i = 0; i < 12; ++i) {
    const auto serves = f.links["holder-" + std::to_string(i)].all<control::Serve>();
    CHECK(serves.size() <= 1);
    asked += serves.size();
  }
  CHECK(asked == Roster::served_by);
}

TEST_CASE("a second connection of a node closes the first, whose end is then of no account") {
  CoordinatorFixture f;
  RecordingLink first;
  control::Hello hello;
  hello.node = "a";
  hello.swarm.port = 7072;
  const auto id = f.coordinator.arrive(hello, "10.0.0.1", first);
  REQUIRE(id);
  RecordingLink second;
  REQUIRE(f.coordinator.arrive(hello, "10.0.0.1", second));
  CHECK(first.closed);
  f.coordinator.gone(*id, first);
  CHECK_FALSE(f.core.directory().find(*id)->dropped_at);
  f.coordinator.gone(*id, second);
  CHECK(f.core.directory().find(*id)->dropped_at);
}

TEST_CASE("a dropped member is named to others for 15 seconds, then no longer") {
  CoordinatorFixture f;
  const Digest digest = f.source.add(numbered_bytes(layer_size.value));
  f.join_all({"a", "b", "c"}, digest);
  f.progress("a", digest);
  f.coordinator.gone(f.ids["a"], f.links["a"]);
  f.clock.advance(Milliseconds(14'999));
  f.coordinator.tick();
  f.progress("b", digest);
  REQUIRE(f.links["b"].all<control::Peers>().size() == 1);
  CHECK(f.links["b"].all<control::Peers>()[0].peers.size() == 1);
  f.clock.advance(Milliseconds(1));
  f.coordinator.tick();
  f.progress("c", digest);
  REQUIRE(f.links["c"].all<control::Peers>().size() == 1);
  CHECK(f.links["c"].all<control::Peers>()[0].peers[0].node == "b");
  CHECK(f.links["c"].all<control::Peers>()[0].peers.size() == 1);
}

TEST_CASE("a restarted agent has left its swarms; a reconnected agent has not") {
  CoordinatorFixture f;
  const Digest digest = f.source.add(numbered_bytes(layer_size.value));
  f.connect("a");
  f.join("a", digest);
  REQUIRE(f.until([&] { return !f.links["a"].all<control::Joined>().empty(); }));
  f.progress("a", digest);
  f.connect("a");
  CHECK(f.core.directory().swarms_of(f.ids["a"]) == std::vector<Digest>{digest});
  f.connect("a", {}, 2);
  CHECK(f.core.directory().swarms_of(f.ids["a"]).empty());
}

TEST_CASE("a missing batch of hashes is sent on request") {
  CoordinatorFixture f;
  const Digest digest = f.source.add(numbered_bytes(layer_size.value));
  f.connect("a");
  f.join("a", digest);
  REQUIRE(f.until([&] { return !f.links["a"].all<control::Finished>().empty(); }));
  f.coordinator.handle(f.ids["a"], control::RequestHashes{digest, 0, 70});
  f.coordinator.handle(f.ids["a"], control::RequestHashes{digest, 0, 4'000'000});
  const auto hashes = f.links["a"].all<control::Hashes>();
  REQUIRE(hashes.size() == 1);
  CHECK(hashes[0].batch.first <= 70);
  CHECK(hashes[0].batch.first + hashes[0].batch.hashes.size() > 70);
}

TEST_CASE("a node that two agents had corrupt pieces from is banned everywhere, and has no neighbours") {
  CoordinatorFixture f;
  const Digest digest = f.source.add(numbered_bytes(layer_size.value));
  for (const char* node : {"liar", "a", "b"}) f.connect(node);
  const auto blame = [&](const char* reporter, const char* host) {
    f.coordinator.handle(f.ids[reporter], control::Blame{digest, 0, 3, "liar", host});
  };
  blame("a", f.addresses["liar"].c_str());
  blame("a", f.addresses["liar"].c_str());
  blame("liar", f.addresses["liar"].c_str());  // an agent does not accuse itself
  blame("b", "10.9.9.9");                      // where no such node is
  CHECK(f.links["a"].all<control::Ban>().empty());
  blame("b", f.addresses["liar"].c_str());
  for (const char* node : {"liar", "a", "b"}) {
    const auto bans = f.links[node].all<control::Ban>();
    REQUIRE(bans.size() == 1);
    CHECK(bans[0] == control::Ban{"liar", f.addresses["liar"]});
  }
  for (const char* node : {"liar", "a"}) f.join(node, digest);
  REQUIRE(f.until([&] { return !f.links["a"].all<control::Joined>().empty(); }));
  for (const char* node : {"liar", "a"}) f.progress(node, digest);
  CHECK(f.links["a"].all<control::Peers>().empty());
  CHECK(f.connect("later").all<control::Ban>().size() == 1);
  f.clock.advance(Blames::remembered + Milliseconds(1));
  CHECK(f.connect("even-later").all<control::Ban>().empty());
}

TEST_CASE("the seeder is not banned for corrupt pieces, but its layer is suspected, and no agent may have its name") {
  CoordinatorFixture f;
  for (const char* node : {"a", "b", "c"}) f.connect(node);
  for (const char* reporter : {"a", "b", "c"}) {
    const Digest digest = digest_of(DigestAlgorithm::sha256, bytes_of("a layer"));
    f.coordinator.handle(f.ids[reporter], control::Blame{digest, 0, 3, "tracker", "10.0.0.9"});
  }
  CHECK(f.links["a"].all<control::Ban>().empty());
  CHECK(f.connect("later").all<control::Ban>().empty());
  CHECK(f.suspects.size() == 3);
  control::Hello hello;
  hello.node = "tracker";
  hello.epoch = 1;
  RecordingLink link;
  CHECK_FALSE(f.coordinator.arrive(hello, "10.0.0.8", link));
}

TEST_CASE("an agent that says hello twice is cut off") {
  CoordinatorFixture f;
  f.connect("a");
  f.coordinator.handle(f.ids["a"], control::Hello{});
  CHECK(f.links["a"].closed);
}

TEST_CASE("the tracker keeps the only complete copy of a young swarm, and lets go once an agent is complete") {
  CoordinatorFixture f;
  const Digest digest = f.source.add(numbered_bytes(layer_size.value));
  f.connect("a");
  f.join("a", digest);
  REQUIRE(f.until([&] { return f.store.holds(digest); }));
  f.progress("a", digest);
  // As much as the store holds in all: the layer would have to go.
  CHECK(f.store.reserve(digest_of(DigestAlgorithm::sha256, {}), 64_MiB).error().kind == ErrorKind::no_space);
  CHECK(f.store.holds(digest));
  f.progress("a", digest, 0, true);
  CHECK(f.store.reserve(digest_of(DigestAlgorithm::sha256, {}), 64_MiB));
  CHECK_FALSE(f.store.holds(digest));
  CHECK(f.swarm_of(digest, layer_size).left);
}

TEST_CASE("an agent that lost a layer is not asked to serve it") {
  CoordinatorFixture f;
  const Digest digest = f.source.add(numbered_bytes(layer_size.value));
  auto& holder = f.connect("a", {digest});
  f.coordinator.handle(f.ids.at("a"), control::Lost{{digest}});
  auto& joiner = f.connect("b");
  f.join("b", digest);
  REQUIRE(f.until([&] { return !joiner.all<control::Joined>().empty(); }));
  CHECK(holder.all<control::Serve>().empty());
}
