#include "shared/swarm/messages.hpp"

#include <catch2/catch.hpp>
#include <fstream>

using namespace shoal;
using namespace shoal::swarm;

namespace {

std::string golden_hex(const std::string& name) {
  std::ifstream file(std::string(SHOAL_GOLDEN_DIR) + "/swarm/" + name + ".hex");
  std::string hex;
  for (std::string line; std::getline(file, line);) hex += line;
  return hex;
}

Bytes golden(const std::string& name) {
  return parse_hex(golden_hex(name)).value();
}

Hello a_hello(Role role, const char* node, Held held, Bytes bitmap = {}) {
  Hello hello;
  hello.role = role;
  hello.node = node;
  hello.nonce.fill(std::byte{1});
  hello.held = held;
  hello.bitmap = std::move(bitmap);
  return hello;
}

HashBatch a_batch() {
  HashBatch batch{64, std::vector<Hash256>(2), {}};
  batch.hashes[0].fill(std::byte{1});
  batch.hashes[1].fill(std::byte{2});
  batch.signature.fill(std::byte{3});
  return batch;
}

Hello a_hello_from_a_zone() {
  Hello hello = a_hello(Role::fetch, "node-1", Held::some, {std::byte{0xa0}, std::byte{0x40}});
  hello.zone = "rack-7";
  return hello;
}

std::vector<std::pair<const char*, Message>> all_messages() {
  return {
      {"hello_nothing", a_hello(Role::fetch, "node-1", Held::nothing)},
      {"hello_some", a_hello_from_a_zone()},
      {"hello_everything", a_hello(Role::hold, "node-2", Held::everything)},
      {"hello_seed", a_hello(Role::seed, "tracker", Held::nothing)},
      {"offer", Offered{{{0, 5}, {9, 1}}}},
      {"ask", Asked{258, true}},
      {"refuse", Refused{258}},
      {"hashes", Hashes{a_batch()}},
      {"want_hashes", RequestHashes{65}},
      {"takes_only", TakesOnly{}},
  };
}

ByteView body_of(const Bytes& frame) {
  return ByteView(frame).subspan(frame_room);
}

}  // namespace

TEST_CASE("every message between peers has the bytes of its golden file, and comes out of them again") {
  for (const auto& [name, message] : all_messages()) {
    INFO(name);
    CHECK(hex_text(body_of(encode_frame(message))) == golden_hex(name));
    const Result<Message> decoded = decode(golden(name));
    REQUIRE(decoded);
    CHECK(*decoded == message);
  }
}

TEST_CASE("a piece has a header of ten bytes in front of its raw bytes") {
  Bytes frame(frame_room + piece_header_size);
  const PieceHeader header{7, largest_part, true};
  write_piece_header(frame, header);
  const Bytes expected = golden("piece");
  CHECK(hex_text(body_of(frame)) == hex_text(ByteView(expected).first(piece_header_size)));
  CHECK(is_piece(expected));
  CHECK(read_piece_header(expected) == header);
}

TEST_CASE("every message that is cut short is corrupt") {
  for (const auto& [name, message] : all_messages()) {
    INFO(name);
    const Bytes whole = golden(name);
    for (std::size_t length = 0; length < whole.size(); ++length) {
      const Result<Message> decoded = decode(ByteView(whole).first(length));
      REQUIRE_FALSE(decoded);
      CHECK(decoded.error().kind == ErrorKind::corrupt);
    }
  }
}

TEST_CASE("bytes behind a message's last field are a later version's and are ignored") {
  for (const auto& [name, message] : all_messages()) {
    Bytes longer = golden(name);
    longer.push_back(std::byte{9});
    const Result<Message> decoded = decode(longer);
    REQUIRE(decoded);
    CHECK(*decoded == message);
  }
}

TEST_CASE("a kind of a later version is refused, so that it can be skipped") {
  const Result<Message> decoded = decode(std::array{std::byte{200}, std::byte{1}});
  REQUIRE_FALSE(decoded);
  CHECK(decoded.error().kind == ErrorKind::refused);
}

TEST_CASE("what is over a limit is corrupt: names, ranges, batches, bodies, unknown roles") {
  const auto is_corrupt = [](const Message& message) {
    const Bytes frame = encode_frame(message);
    const Result<Message> decoded = decode(body_of(frame));
    return !decoded && decoded.error().kind == ErrorKind::corrupt;
  };
  CHECK(is_corrupt(a_hello(Role::fetch, std::string(largest_node_name + 1, 'n').c_str(), Held::nothing)));
  CHECK_FALSE(is_corrupt(a_hello(Role::fetch, std::string(largest_node_name, 'n').c_str(), Held::nothing)));
  CHECK(is_corrupt(Offered{std::vector<PieceRange>(most_ranges + 1)}));
  CHECK(is_corrupt(Hashes{HashBatch{0, {}, {}}}));
  CHECK(is_corrupt(Hashes{HashBatch{0, std::vector<Hash256>(largest_batch + 1), {}}}));
  CHECK(is_corrupt(a_hello(Role::fetch, "n", Held::some, Bytes(largest_body))));
  CHECK(is_corrupt(a_hello(static_cast<Role>(3), "n", Held::nothing)));
  CHECK(is_corrupt(a_hello(Role::fetch, "n", static_cast<Held>(3))));
}

TEST_CASE("a hello says which pieces are held, in as few bytes as it can") {
  PieceSet some(10);
  for (const PieceIndex piece : {0U, 2U, 9U}) some.add(piece);
  Hello hello;
  set_held(hello, some);
  CHECK(hello.bitmap == Bytes{std::byte{0xa0}, std::byte{0x40}});
  const Result<PieceSet> back = held_pieces(hello, 10);
  REQUIRE(back);
  for (PieceIndex piece = 0; piece < 10; ++piece) CHECK(back->has(piece) == some.has(piece));
  set_held(hello, PieceSet::full(10));
  CHECK(hello.bitmap.empty());
  CHECK(held_pieces(hello, 10)->complete());
  set_held(hello, PieceSet(10));
  CHECK(held_pieces(hello, 10)->held() == 0);
}

TEST_CASE("a bitmap that does not fit the layer is corrupt") {
  const Hello hello = a_hello(Role::fetch, "n", Held::some, Bytes(2));
  CHECK(held_pieces(hello, 16));
  CHECK_FALSE(held_pieces(hello, 17));
  CHECK_FALSE(held_pieces(hello, 8));
}
