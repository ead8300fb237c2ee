// A Member against a peer that the test plays: what a hostile or broken one may say, and what comes of it.
#include "shared/swarm/member.hpp"

#include <unistd.h>

#include <catch2/catch.hpp>

#include "tests/unit/swarm/network.hpp"

using namespace shoal;
using namespace shoal::swarm;

namespace {

class PlayedLink final : public Link {
 public:
  void send(MutableBytes frame) override { bodies.push_back(copy_of(frame.subspan(frame_room))); }
  std::size_t unsent_bytes() const override { return unsent; }
  std::string host() const override { return address; }
  bool leads_to_seeder() const override { return to_seeder; }
  void close() override { closed = true; }

  template <class M>
  std::vector<M> sent() const {
    std::vector<M> found;
    for (const Bytes& body : bodies) {
      const Result<Message> message = decode(body);
      if (message && std::holds_alternative<M>(*message)) found.push_back(std::get<M>(*message));
    }
    return found;
  }
  std::vector<PieceHeader> pieces() const {
    std::vector<PieceHeader> found;
    for (const Bytes& body : bodies) {
      if (is_piece(body)) found.push_back(read_piece_header(body));
    }
    return found;
  }

  std::vector<Bytes> bodies;
  std::size_t unsent = 0;
  bool closed = false;
  std::string address = "10.0.0.1";
  bool to_seeder = true;
};

std::shared_ptr<store::PieceFile> a_file(const PieceLayout& layout, ByteView bytes = {}) {
  char path[] = "/tmp/shoal-member-XXXXXX";
  const int descriptor = ::mkstemp(path);
  REQUIRE(::unlink(path) == 0);
  REQUIRE(::ftruncate(descriptor, static_cast<off_t>(layout.layer_size().value)) == 0);
  if (!bytes.empty()) REQUIRE(::pwrite(descriptor, bytes.data(), bytes.size(), 0) > 0);
  return std::make_shared<store::PieceFile>(descriptor, layout, nullptr);
}

// One member of a small layer and one link to it.
struct Stage {
  explicit Stage(Role role, ByteCount size = 100_KiB) : Stage(role, size, {}) {}
  // `unproven`: pieces in the file from another swarm. The first piece of the last batch is another one there.
  Stage(Role role, ByteCount size, const std::vector<PieceIndex>& unproven) : layer(size) {
    const bool whole = role != Role::fetch;
    Bytes bytes = layer.bytes;
    if (!whole) bytes[layer.layout.offset(layer.batches.back().first)] ^= std::byte{1};
    file = a_file(layer.layout, whole || !unproven.empty() ? ByteView(bytes) : ByteView());
    const PieceIndex pieces = layer.layout.count();
    const PieceSet have = whole ? PieceSet::full(pieces) : PieceSet(pieces);
    PieceSet kept_back(unproven.empty() ? 0 : pieces);
    for (const PieceIndex piece : unproven) kept_back.add(piece);
    member.emplace(Membership{layer.name,
                              role,
                              file,
                              have,
                              whole ? layer.hashes() : PieceHashes(layer.layout),
                              layer.key.public_key(),
                              {},
                              kept_back},
                   shared, [this](Event event) { events.push_back(std::move(event)); });
    peer = member->link_up(link);
  }

  bool says(const Message& message) {
    const Bytes frame = encode_frame(message);
    const ByteView body = ByteView(frame).subspan(frame_room);
    return member->receive(peer, body, body.size(), now);
  }
  bool greets(Role role = Role::hold, Held held = Held::everything, std::string node = "peer") {
    Hello hello;
    hello.role = role;
    hello.node = std::move(node);
    hello.held = held;
    return says(hello);
  }
  Bytes piece_body(PieceIndex piece, bool flip = false) const {
    Bytes frame(frame_room + piece_header_size);
    write_piece_header(frame, {piece, 0, false});
    Bytes body(frame.begin() + frame_room, frame.end());
    const ByteView bytes = layer.piece(piece);
    body.insert(body.end(), bytes.begin(), bytes.end());
    if (flip) body.back() ^= std::byte{1};
    return body;
  }
  void has_another_thread() {
    shared.aside = [this](auto work, auto done) { aside.emplace_back(std::move(work), std::move(done)); };
  }
  bool sends(const Bytes& body) { return member->receive(peer, body, body.size(), now); }
  template <class E>
  std::size_t count() const {
    return static_cast<std::size_t>(
        std::count_if(events.begin(), events.end(), [](const Event& e) { return std::holds_alternative<E>(e); }));
  }

  TestLayer layer;
  std::shared_ptr<store::PieceFile> file;
  Metrics metrics;
  Shared shared{"us", "", metrics};
  std::vector<std::pair<std::function<void()>, std::function<void(Time)>>> aside;  // work, and what follows it
  std::vector<Event> events;
  PlayedLink link;
  std::optional<Member> member;
  PeerId peer = 0;
  Time now = Time{} + std::chrono::hours(1);
};

}  // namespace

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
  CHECK_FALSE(stage.says(WantHashes{count}));
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

TEST_CASE("pieces of another swarm are neither shown, given nor asked for before a hash of this one proves them") {
  Stage stage(Role::fetch, 300_KiB, {1, 2, 18});
  CHECK(stage.link.sent<Hello>()[0].held == Held::nothing);
  REQUIRE(stage.greets());
  for (const Asked& asked : stage.link.sent<Asked>()) CHECK((asked.piece != 1 && asked.piece != 2));
  REQUIRE(stage.says(Asked{1, true}));
  CHECK(stage.link.sent<Refused>().size() == 1);
  stage.member->tick(stage.now += Milliseconds(100));
  CHECK(stage.link.sent<WantHashes>().size() >= 3);  // this neighbour has them
  REQUIRE(stage.says(Hashes{stage.layer.batches[0]}));
  REQUIRE(stage.says(Asked{1, true}));
  REQUIRE(stage.says(Asked{18, true}));
  CHECK(stage.link.pieces().size() == 1);
  CHECK(stage.link.sent<Refused>().size() == 2);
}

TEST_CASE("a piece of another swarm that proves to be wrong ends the attempt, and nobody is blamed") {
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
  CHECK(stage.link.sent<WantHashes>().empty());
  REQUIRE(stage.says(Hashes{stage.layer.batches[0]}));
  const auto offers = stage.link.sent<Offered>();
  REQUIRE(offers.size() == 1);
  CHECK(offers[0].ranges == std::vector<PieceRange>{{1, 1}});
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

TEST_CASE("a seeder is who was dialled as the tracker's seeder, not who says so") {
  for (const bool named_by_the_tracker : {true, false}) {
    Stage stage(Role::fetch);
    stage.link.to_seeder = named_by_the_tracker;
    REQUIRE(stage.greets(Role::seed, Held::nothing));
    REQUIRE(stage.says(Hashes{stage.layer.batches[0]}));
    REQUIRE(stage.sends(stage.piece_body(0)));
    CHECK(stage.count<PieceArrived>() == (named_by_the_tracker ? 1 : 0));
    CHECK(stage.count<Receiving>() == (named_by_the_tracker ? 1 : 0));  // bytes that nobody asked for are no progress
  }
}

TEST_CASE("nobody is banned for what another sends under the same name") {
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

TEST_CASE("a piece without a known hash waits: the tracker is asked at once, then everybody, then it is dropped") {
  Stage stage(Role::fetch);
  REQUIRE(stage.greets());
  REQUIRE(stage.sends(stage.piece_body(0)));
  CHECK(stage.link.sent<WantHashes>().empty());
  CHECK(stage.count<HashesWanted>() == 1);
  stage.now += Milliseconds(150);
  stage.member->tick(stage.now);
  CHECK(stage.link.sent<WantHashes>().size() == 1);
  CHECK(stage.count<HashesWanted>() == 2);
  stage.now += Milliseconds(3000);
  stage.member->tick(stage.now);
  REQUIRE(stage.says(Hashes{stage.layer.batches[0]}));
  CHECK(stage.count<PieceArrived>() == 0);
}

TEST_CASE("a seeder that pushed a piece alone is asked for its hash, before the tracker is") {
  Stage stage(Role::fetch);
  REQUIRE(stage.greets(Role::seed, Held::nothing));
  REQUIRE(stage.sends(stage.piece_body(0)));
  CHECK(stage.link.sent<WantHashes>().size() == 1);
  CHECK(stage.count<HashesWanted>() == 0);
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

TEST_CASE("a piece that is not there is refused; a refused ask goes to nobody else's account") {
  Stage stage(Role::fetch);
  REQUIRE(stage.greets());
  REQUIRE(stage.says(Asked{0, true}));
  CHECK(stage.link.sent<Refused>().size() == 1);
  CHECK(stage.says(Refused{0}));
}

TEST_CASE("asks wait while the connection is full, too many are refused, and who does not read at all is closed") {
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

TEST_CASE("a peer that sends piece after piece that nobody asked for is closed") {
  Stage stage(Role::fetch, 1_MiB);
  REQUIRE(stage.greets(Role::fetch, Held::nothing));
  PieceIndex taken = 0;
  while (taken < 30 && stage.sends(stage.piece_body(taken))) ++taken;
  CHECK(taken == 16);
}

TEST_CASE("a piece that nobody asked for is not taken from an agent, and a seeder pushes to a newcomer at once") {
  Stage stage(Role::fetch);
  REQUIRE(stage.greets(Role::fetch, Held::nothing));
  REQUIRE(stage.says(Hashes{stage.layer.batches[0]}));
  REQUIRE(stage.sends(stage.piece_body(0)));
  CHECK(stage.count<PieceArrived>() == 0);
  CHECK(stage.metrics.duplicate_bytes.value() == 16384);
  Stage seeder(Role::seed);
  REQUIRE(seeder.greets(Role::fetch, Held::nothing));
  REQUIRE(seeder.link.pieces().size() == PolicyLimits{}.pushes_at_start);
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
  Shared shared{"us", "", metrics};
  PieceIndex arrived = 0;
  const auto report = [&](const Event& event) { arrived += std::holds_alternative<PieceArrived>(event); };
  const Time now = Time{} + std::chrono::hours(1);
  const PieceSet all = PieceSet::full(layout.count());
  Member holder({{}, Role::hold, a_file(layout), all, hashes, {}, {}}, shared, report);
  Member agent({{}, Role::fetch, a_file(layout), PieceSet(layout.count()), PieceHashes(layout), key.public_key(), {}},
               shared, report);
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

TEST_CASE("a push that still drains is not given to another, one that does not is") {
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
    for (auto& [work, done] : std::exchange(aside, {})) work(), done(now);
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
