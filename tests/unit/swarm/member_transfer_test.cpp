// Pieces and their hashes on their way into a Member and out of it.
#include "tests/unit/swarm/member_stage.hpp"

using namespace shoal;
using namespace shoal::swarm;

TEST_CASE("pieces of another swarm are neither shown, given nor asked for before a hash of this one proves them") {
  Stage stage(Role::fetch, 300_KiB, {1, 2, 18});
  CHECK(stage.link.sent<Hello>()[0].held == Held::nothing);
  REQUIRE(stage.greets());
  for (const Asked& asked : stage.link.sent<Asked>()) CHECK((asked.piece != 1 && asked.piece != 2));
  REQUIRE(stage.says(Asked{1, true}));
  CHECK(stage.link.sent<Refused>().size() == 1);
  stage.member->tick(stage.now += Milliseconds(100));
  CHECK(stage.link.sent<RequestHashes>().size() >= 3);  // this neighbour has them
  REQUIRE(stage.says(Hashes{stage.layer.batches[0]}));
  CHECK(stage.count<PiecesProven>() == 1);  // the pull that waits for the swarm hears that it goes on
  REQUIRE(stage.says(Hashes{stage.layer.batches[0]}));
  CHECK(stage.count<PiecesProven>() == 1);
  REQUIRE(stage.says(Asked{1, true}));
  REQUIRE(stage.says(Asked{18, true}));
  CHECK(stage.link.pieces().size() == 1);
  CHECK(stage.link.sent<Refused>().size() == 2);
}

TEST_CASE("a piece of another swarm that proves to be wrong ends the attempt, and no peer is blamed") {
  Stage stage(Role::fetch, 300_KiB, {10, 11});
  REQUIRE(stage.greets());
  REQUIRE(stage.says(Hashes{stage.layer.batches[1]}));
  REQUIRE(stage.count<Failed>() == 1);
  CHECK(std::get<Failed>(stage.events.back()).error.kind == ErrorKind::corrupt);
  CHECK(stage.count<PieceRefused>() == 0);
}

TEST_CASE("a seeder that pushes a piece of another swarm hears at once that it is there") {
  Stage stage(Role::fetch, 300_KiB, {1});
  REQUIRE(stage.greets(Role::seed, Held::nothing, "tracker"));
  CHECK(stage.link.sent<RequestHashes>().empty());
  REQUIRE(stage.says(Hashes{stage.layer.batches[0]}));
  const auto offers = stage.link.sent<Offered>();
  REQUIRE(offers.size() == 1);
  CHECK(offers[0].ranges == std::vector<PieceRange>{{1, 1}});
}

TEST_CASE("messages to a peer that is quick are not held back, those to a slow one are put together") {
  Stage stage(Role::fetch, 300_KiB);
  REQUIRE(stage.greets());
  CHECK(stage.link.no_delay);
  for (const HashBatch& batch : stage.layer.batches) REQUIRE(stage.says(Hashes{batch}));
  for (PieceIndex piece = 0; piece < 8; ++piece) {
    stage.now += Milliseconds(200);
    REQUIRE(stage.sends(stage.piece_body(piece)));
  }
  CHECK_FALSE(stage.link.no_delay);
}

TEST_CASE("a piece without a known hash waits: the tracker is asked at once, then all peers, then it is dropped") {
  Stage stage(Role::fetch);
  REQUIRE(stage.greets());
  REQUIRE(stage.sends(stage.piece_body(0)));
  CHECK(stage.link.sent<RequestHashes>().empty());
  CHECK(stage.count<HashesMissing>() == 1);
  stage.now += Milliseconds(150);
  stage.member->tick(stage.now);
  CHECK(stage.link.sent<RequestHashes>().size() == 1);
  CHECK(stage.count<HashesMissing>() == 2);
  stage.now += Milliseconds(3000);
  stage.member->tick(stage.now);
  REQUIRE(stage.says(Hashes{stage.layer.batches[0]}));
  CHECK(stage.count<PieceArrived>() == 0);
}

TEST_CASE("a seeder that pushed a piece alone is asked for its hash, before the tracker is") {
  Stage stage(Role::fetch);
  REQUIRE(stage.greets(Role::seed, Held::nothing));
  REQUIRE(stage.sends(stage.piece_body(0)));
  CHECK(stage.link.sent<RequestHashes>().size() == 1);
  CHECK(stage.count<HashesMissing>() == 0);
}

TEST_CASE("the hashes of a piece travel in front of it, once for each batch") {
  Stage stage(Role::hold, 300_KiB);
  REQUIRE(stage.greets(Role::fetch, Held::nothing));
  REQUIRE(stage.says(Asked{3, true}));
  REQUIRE(stage.says(Asked{4, true}));
  CHECK(stage.link.sent<Hashes>().size() == 1);
  CHECK(stage.link.pieces().size() == 2);
  CHECK_FALSE(is_piece(stage.link.bodies[stage.link.bodies.size() - 3]));
  REQUIRE(stage.says(Asked{12, true}));
  CHECK(stage.link.sent<Hashes>().size() == 2);
}

TEST_CASE("a hash that the asking peer knows from another is not sent again") {
  Stage stage(Role::hold, 300_KiB);
  REQUIRE(stage.greets(Role::fetch, Held::nothing));
  REQUIRE(stage.says(Asked{3, false}));
  CHECK(stage.link.pieces().size() == 1);
  CHECK(stage.link.sent<Hashes>().empty());
}

TEST_CASE("hashes are not sent to a peer that has a piece of the batch") {
  Stage stage(Role::hold, 300_KiB);
  REQUIRE(stage.greets(Role::fetch, Held::nothing));
  REQUIRE(stage.says(Offered{{{3, 1}}}));
  REQUIRE(stage.says(Asked{3, true}));
  CHECK(stage.link.sent<Hashes>().empty());
}

TEST_CASE("a piece that is not there is refused; a refused ask is no fault of another peer") {
  Stage stage(Role::fetch);
  REQUIRE(stage.greets());
  REQUIRE(stage.says(Asked{0, true}));
  CHECK(stage.link.sent<Refused>().size() == 1);
  CHECK(stage.says(Refused{0}));
}

TEST_CASE("asks wait while the connection is full, too many are refused, and a peer that does not read is closed") {
  Stage stage(Role::hold, 1_MiB);
  REQUIRE(stage.greets(Role::fetch, Held::nothing));
  stage.link.unsent = 5 << 20;
  for (PieceIndex piece = 0; piece < 20; ++piece) REQUIRE(stage.says(Asked{piece, true}));
  CHECK(stage.link.pieces().empty());
  CHECK(stage.link.sent<Refused>().size() == 4);
  stage.link.unsent = 0;
  stage.member->tick(stage.now);
  CHECK(stage.link.pieces().size() == 16);
  stage.link.unsent = 17 << 20;
  CHECK_FALSE(stage.says(Asked{30, true}));
}

TEST_CASE("while all peers together leave unread too many bytes, only a peer that has read all is sent another piece") {
  Stage stage(Role::hold, 1_MiB);
  stage.node_state.most_unsent_bytes = 1 << 20;
  REQUIRE(stage.greets(Role::fetch, Held::nothing));
  PlayedLink reader;
  reader.unsent = 1;
  stage.link.unsent = 2 << 20;  // one peer alone may leave more
  REQUIRE(stage.says(Asked{0, true}));
  const PeerId unread = std::exchange(stage.peer, stage.member->link_up(reader));
  REQUIRE(stage.greets(Role::fetch, Held::nothing));
  REQUIRE(stage.says(Asked{1, true}));
  CHECK(stage.link.pieces().empty());
  CHECK(reader.pieces().empty());
  SECTION("this one") {
    reader.unsent = 0;
  }
  SECTION("until it is read") {
    stage.link.unsent = 0;
  }
  SECTION("until its connection ends") {
    stage.member->link_down(unread, stage.now);
  }
  stage.member->tick(stage.now);
  CHECK(reader.pieces().size() == 1);
}

TEST_CASE("a piece that was not asked for is not taken from an agent, and a seeder pushes to a newcomer at once") {
  Stage stage(Role::fetch);
  REQUIRE(stage.greets(Role::fetch, Held::nothing));
  REQUIRE(stage.says(Hashes{stage.layer.batches[0]}));
  REQUIRE(stage.sends(stage.piece_body(0)));
  CHECK(stage.count<PieceArrived>() == 0);
  CHECK(stage.metrics.duplicate_bytes.value() == 16384);
  Stage seeder(Role::seed);
  REQUIRE(seeder.greets(Role::fetch, Held::nothing));
  REQUIRE(seeder.link.pieces().size() == PushPolicy::most_at_start);
  CHECK(seeder.link.pieces()[0] == PieceHeader{0, 0, true});
}

TEST_CASE("a piece in pieces: its head alone already counts as being on its way") {
  Stage stage(Role::fetch);
  REQUIRE(stage.greets(Role::seed, Held::nothing));
  const Bytes body = stage.piece_body(0);
  for (const std::size_t so_far : {0UL, 5UL, 10UL, 100UL, 10000UL}) {
    REQUIRE(stage.member->receive(stage.peer, ByteView(body).first(so_far), body.size(), stage.now));
  }
  REQUIRE(stage.says(Hashes{stage.layer.batches[0]}));
  CHECK(stage.count<Receiving>() == 1);
  CHECK(stage.count<PieceArrived>() == 0);
}

TEST_CASE("pieces of more than 512 KiB travel in several messages, in order") {
  const PieceLayout layout(2_GiB);
  REQUIRE(layout.piece_length() == 1_MiB);
  const SigningKey key = SigningKey::generate();
  const HashBatch batch = sign_batch(key, SwarmName{}, 0, {sha256(Bytes(1 << 20))});  // the file is one hole: zeros
  PieceHashes hashes(layout);
  hashes.add_trusted(batch);
  Metrics metrics;
  NodeState node{"us", "", metrics};
  PieceIndex arrived = 0;
  const auto report = [&](const Event& event) { arrived += std::holds_alternative<PieceArrived>(event); };
  const Time now = Time{} + std::chrono::hours(1);
  const PieceSet all = PieceSet::full(layout.count());
  Member holder({{}, Role::hold, a_file(layout), all, hashes, {}, {}}, node, report);
  Member agent({{}, Role::fetch, a_file(layout), PieceSet(layout.count()), PieceHashes(layout), key.public_key(), {}},
               node, report);
  PlayedLink to_agent;
  PlayedLink to_holder;
  const PeerId agent_id = holder.link_up(to_agent);
  const PeerId holder_id = agent.link_up(to_holder);
  REQUIRE(agent.receive(holder_id, to_agent.bodies[0], to_agent.bodies[0].size(), now));
  for (std::size_t i = 0; i < 2; ++i) {  // its hello, and the first ask
    REQUIRE(holder.receive(agent_id, to_holder.bodies[i], to_holder.bodies[i].size(), now));
  }
  const std::vector<Bytes> answer(to_agent.bodies.begin() + 1, to_agent.bodies.end());
  REQUIRE(answer.size() == 3);  // hashes and two halves
  for (const Bytes& body : answer) REQUIRE(agent.receive(holder_id, body, body.size(), now));
  CHECK(arrived == 1);
  CHECK_FALSE(agent.receive(holder_id, answer[2], answer[2].size(), now));  // the second half alone
}

TEST_CASE("a push whose connection drains is not given to another peer, a push whose connection does not is") {
  Stage stage(Role::seed);
  REQUIRE(stage.greets(Role::fetch, Held::nothing));
  PlayedLink second;
  const PeerId other = stage.member->link_up(second);
  Hello hello;
  hello.node = "other";
  const Bytes frame = encode_frame(hello);
  REQUIRE(stage.member->receive(other, ByteView(frame).subspan(frame_room), frame.size() - frame_room, stage.now));
  const std::size_t pushed = stage.link.pieces().size();
  stage.link.unsent = 100'000;
  for (int second_passed = 0; second_passed < 5; ++second_passed) {
    stage.now += Milliseconds(1000);
    stage.member->tick(stage.now);
    stage.link.unsent -= 10'000;
  }
  CHECK(second.pieces().empty());
  for (int i = 0; i < 4; ++i) stage.member->tick(stage.now += Milliseconds(1000));
  CHECK(second.pieces().size() == 4);  // what one of two peers may have outstanding
  CHECK(stage.metrics.reassigned_pieces.value() == pushed);
}

namespace {

constexpr ByteCount large_layer = 200_MiB;  // pieces of 128 KiB: hashed and written by another thread

// A fetcher with another thread, and a holder that it has asked for the first pieces.
struct LargePieces : Stage {
  LargePieces() : Stage(Role::fetch, large_layer) {
    has_another_thread();
    REQUIRE(greets());
    for (const HashBatch& batch : layer.batches) REQUIRE(says(Hashes{batch}));
    REQUIRE(link.sent<Asked>().size() > 1);
  }
  PieceIndex asked(std::size_t number) const { return link.sent<Asked>()[number].piece; }
  void finish_work() {
    for (auto& [work, done] : std::exchange(work_queue, {})) work(), done(now);
  }
};

}  // namespace

TEST_CASE("a large piece counts once another thread has checked and written it") {
  LargePieces stage;
  REQUIRE(stage.sends(stage.piece_body(stage.asked(0))));
  REQUIRE(stage.sends(stage.piece_body(stage.asked(1))));
  CHECK(stage.count<PieceArrived>() == 0);
  const std::size_t asks = stage.link.sent<Asked>().size();
  stage.finish_work();
  CHECK(stage.count<PieceArrived>() == 2);
  CHECK(stage.link.sent<Asked>().size() == asks + 2);
  CHECK(stage.file->read(stage.asked(0)).value() == copy_of(stage.layer.piece(stage.asked(0))));
}

TEST_CASE("a large piece with wrong bytes is refused by another thread, and its sender banned after two") {
  LargePieces stage;
  REQUIRE(stage.sends(stage.piece_body(stage.asked(0), true)));
  REQUIRE(stage.sends(stage.piece_body(stage.asked(1), true)));
  stage.finish_work();
  CHECK(stage.count<PieceRefused>() == 2);
  CHECK(stage.count<PieceArrived>() == 0);
  CHECK_FALSE(stage.sends(stage.piece_body(stage.asked(2))));
}

TEST_CASE("what another thread still checks is not taken for lost, and outlives the swarm") {
  LargePieces stage;
  const PieceIndex piece = stage.asked(0);
  REQUIRE(stage.sends(stage.piece_body(piece)));
  for (int i = 0; i < 30; ++i) {
    stage.now += Milliseconds(100);
    stage.member->tick(stage.now);
  }
  CHECK(stage.metrics.reassigned_pieces.value() == 0);
  stage.member.reset();
  stage.finish_work();
  CHECK(stage.count<PieceArrived>() == 0);
  CHECK(stage.file->read(piece).value() == copy_of(stage.layer.piece(piece)));
}
