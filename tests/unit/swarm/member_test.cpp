// A Member against a peer that the test plays: what a hostile or broken one may say, and what comes of it.
#include "tests/unit/swarm/member_stage.hpp"

using namespace shoal;
using namespace shoal::swarm;

TEST_CASE("nothing is taken from a peer before its hello, and a hello only once") {
  Stage stage(Role::fetch);
  CHECK_FALSE(stage.says(Asked{0, true}));
  CHECK_FALSE(stage.sends(stage.piece_body(0)));
  CHECK(stage.greets());
  CHECK_FALSE(stage.greets());
}

TEST_CASE("a hello of another version, or with a bitmap of another layer, closes the connection") {
  Stage stage(Role::fetch);
  Hello hello;
  hello.version = 2;
  CHECK_FALSE(stage.says(hello));
  hello.version = protocol_version;
  hello.held = Held::some;
  hello.bitmap = Bytes(9);
  CHECK_FALSE(stage.says(hello));
}

TEST_CASE("indices outside the layer close the connection") {
  Stage stage(Role::hold);
  REQUIRE(stage.greets(Role::fetch, Held::nothing));
  const PieceIndex count = stage.layer.layout.count();
  CHECK_FALSE(stage.says(Asked{count, true}));
  CHECK_FALSE(stage.says(Refused{count}));
  CHECK_FALSE(stage.says(RequestHashes{count}));
  CHECK_FALSE(stage.says(Offered{{{count, 1}}}));
  CHECK_FALSE(stage.says(Offered{{{1, count}}}));
  CHECK_FALSE(stage.says(Offered{{{1, 0xffffffff}}}));
  CHECK_FALSE(stage.says(Offered{{{3, 2}, {1, 1}}}));  // not in order
  CHECK_FALSE(stage.says(Offered{{{1, 3}, {3, 1}}}));  // twice the same
  CHECK_FALSE(stage.says(Hashes{HashBatch{count - 1, std::vector<Hash256>(2), {}}}));
}

TEST_CASE("a piece message whose place or length is not the layer's closes the connection") {
  const auto refused = [](PieceHeader header, std::size_t size) {
    Stage stage(Role::fetch);
    REQUIRE(stage.greets());
    Bytes frame(frame_room + piece_header_size + size);
    write_piece_header(frame, header);
    return !stage.sends(Bytes(frame.begin() + frame_room, frame.end()));
  };
  CHECK(refused({7, 0, false}, 16384));      // no such piece
  CHECK(refused({0, 16384, false}, 16384));  // behind its end
  CHECK(refused({0, 5, false}, 16379));      // not where a part begins
  CHECK(refused({0, 0, false}, 16383));      // too short
  CHECK(refused({0, 0, false}, 16385));      // too long
  CHECK(refused({0, 0, false}, 0));          // empty
  CHECK(refused({0, 0xffffffff, false}, 16384));
  CHECK_FALSE(refused({0, 0, false}, 16384));
}

TEST_CASE("what is offered is asked for, a verified piece is written and reported") {
  Stage stage(Role::fetch);
  REQUIRE(stage.greets());
  const auto asked = stage.link.sent<Asked>();
  REQUIRE(asked.size() == 4);
  CHECK(asked[0].piece == 0);
  REQUIRE(stage.says(Hashes{stage.layer.batches[0]}));
  REQUIRE(stage.sends(stage.piece_body(0)));
  CHECK(stage.count<PieceArrived>() == 1);
  Bytes read(16384);
  REQUIRE(stage.file->read_at(0, read));
  CHECK(std::equal(read.begin(), read.end(), stage.layer.piece(0).begin()));
}

TEST_CASE("bytes that do not match their hash are never written, and the second time their node is banned") {
  Stage stage(Role::fetch);
  REQUIRE(stage.greets());
  REQUIRE(stage.says(Hashes{stage.layer.batches[0]}));
  CHECK(stage.sends(stage.piece_body(0, true)));
  CHECK_FALSE(stage.sends(stage.piece_body(1, true)));
  CHECK(stage.count<PieceRefused>() == 2);
  CHECK(stage.count<PieceArrived>() == 0);
  stage.member->link_down(stage.peer, stage.now);
  stage.peer = stage.member->link_up(stage.link);
  CHECK_FALSE(stage.greets());  // by name, whatever its address is now
}

TEST_CASE("the tracker's seeder is not banned for bytes that its disk lost: it has other layers") {
  Stage stage(Role::fetch);
  REQUIRE(stage.greets(Role::seed, Held::nothing));
  REQUIRE(stage.says(Hashes{stage.layer.batches[0]}));
  for (const PieceIndex piece : {0U, 1U, 2U}) CHECK(stage.sends(stage.piece_body(piece, true)));
  CHECK(stage.count<PieceRefused>() == 3);
  stage.member->link_down(stage.peer, stage.now);
  stage.peer = stage.member->link_up(stage.link);
  CHECK(stage.greets(Role::seed, Held::nothing));
}

TEST_CASE("a batch of hashes that the tracker did not sign is not believed") {
  Stage stage(Role::fetch);
  REQUIRE(stage.greets());
  HashBatch forged = stage.layer.batches[0];
  forged.hashes[0][0] ^= std::byte{1};
  CHECK(stage.says(Hashes{forged}));
  REQUIRE(stage.sends(stage.piece_body(0)));
  CHECK(stage.count<PieceArrived>() == 0);
  CHECK(stage.count<PieceRefused>() == 0);
  REQUIRE(stage.says(Hashes{stage.layer.batches[0]}));
  CHECK(stage.count<PieceArrived>() == 1);
  bool open = true;
  for (int i = 0; i < 20 && open; ++i) open = stage.says(Hashes{forged});
  CHECK(open);  // what is known is not checked again
}

TEST_CASE("a seeder is the peer that was dialled as the tracker's seeder, not a peer that says so") {
  for (const bool named_by_the_tracker : {true, false}) {
    Stage stage(Role::fetch);
    stage.link.to_seeder = named_by_the_tracker;
    REQUIRE(stage.greets(Role::seed, Held::nothing));
    REQUIRE(stage.says(Hashes{stage.layer.batches[0]}));
    REQUIRE(stage.sends(stage.piece_body(0)));
    CHECK(stage.count<PieceArrived>() == (named_by_the_tracker ? 1 : 0));
    CHECK(stage.count<Receiving>() == (named_by_the_tracker ? 1 : 0));  // bytes that were not asked for are no progress
  }
}

TEST_CASE("a node is not banned for bytes that another one sends under its name") {
  Stage stage(Role::fetch);
  REQUIRE(stage.greets());
  REQUIRE(stage.says(Hashes{stage.layer.batches[0]}));
  REQUIRE(stage.sends(stage.piece_body(0, true)));
  REQUIRE_FALSE(stage.sends(stage.piece_body(1, true)));
  stage.member->link_down(stage.peer, stage.now);
  PlayedLink elsewhere;
  elsewhere.address = "10.0.0.2";
  stage.peer = stage.member->link_up(elsewhere);
  CHECK(stage.greets());
  stage.member->link_down(stage.peer, stage.now);
  PlayedLink back;
  stage.peer = stage.member->link_up(back);
  CHECK_FALSE(stage.greets());
}

TEST_CASE("a peer that keeps sending forged batches is closed") {
  Stage stage(Role::fetch);
  REQUIRE(stage.greets());
  HashBatch forged = stage.layer.batches[0];
  forged.hashes[0][0] ^= std::byte{1};
  int times = 0;
  while (times < 100 && stage.says(Hashes{forged})) ++times;
  CHECK(times == 15);
}

TEST_CASE("a peer that does not greet within ten seconds is closed") {
  Stage stage(Role::hold);
  stage.member->tick(stage.now);
  stage.member->tick(stage.now += std::chrono::seconds(9));
  CHECK_FALSE(stage.link.closed);
  stage.member->tick(stage.now += std::chrono::seconds(2));
  CHECK(stage.link.closed);
}

TEST_CASE("a peer that asks and takes nothing for ten seconds is closed, one that takes a little is not") {
  Stage stage(Role::hold, 1_MiB);
  REQUIRE(stage.greets(Role::fetch, Held::nothing));
  for (PieceIndex piece = 0; piece < 16; ++piece) REQUIRE(stage.says(Asked{piece, true}));
  stage.link.unsent = 200'000;
  for (int second = 0; second < 30; ++second) {
    stage.link.unsent -= 100;
    stage.member->tick(stage.now += std::chrono::seconds(1));
  }
  CHECK_FALSE(stage.link.closed);
  for (int second = 0; second < 12; ++second) stage.member->tick(stage.now += std::chrono::seconds(1));
  CHECK(stage.link.closed);
}

TEST_CASE("a peer that asks for far more than it takes is closed") {
  Stage stage(Role::hold, 1_MiB);
  REQUIRE(stage.greets(Role::fetch, Held::nothing));
  stage.link.unsent = 5 << 20;
  int taken = 0;
  while (taken < 1'000 && stage.says(Asked{static_cast<PieceIndex>(taken % 60), true})) ++taken;
  CHECK(taken == 16 + 100);
}

TEST_CASE("a peer that sends many pieces that were not asked for is closed") {
  Stage stage(Role::fetch, 1_MiB);
  REQUIRE(stage.greets(Role::fetch, Held::nothing));
  PieceIndex taken = 0;
  while (taken < 30 && stage.sends(stage.piece_body(taken))) ++taken;
  CHECK(taken == 16);
}

TEST_CASE("a peer whose ban is decided elsewhere is turned away at its next message, whatever it says") {
  const std::vector<Message> messages = {Offered{{{1, 1}}}, Asked{0, true}, Refused{0}, RequestHashes{0}};
  for (const Message& message : messages) {
    Stage stage(Role::hold);
    REQUIRE(stage.greets(Role::fetch, Held::nothing));
    REQUIRE(stage.says(Offered{{{2, 1}}}));
    stage.node_state.bans.ban({"peer", stage.link.address}, stage.now);
    CHECK_FALSE(stage.says(message));
  }
}

TEST_CASE("a peer that lagged in another swarm is not asked at once for its rest and a minute more") {
  for (const int seconds : {1, 60, 70}) {
    Stage stage(Role::fetch);
    stage.node_state.lagging.note_failure({"peer", stage.link.address}, stage.now);
    stage.now += std::chrono::seconds(seconds);
    REQUIRE(stage.greets());
    stage.member->tick(stage.now);
    CHECK(stage.link.sent<Asked>().empty() == (seconds < 65));
  }
}
