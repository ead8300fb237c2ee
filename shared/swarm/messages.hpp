// Messages between two peers of one swarm: the body of extension messages (BEP 10, name "shoal") on a BitTorrent
// connection.
//
// Body: u8 kind, then the fields in shared/core/codec.hpp's format. `piece` alone is a fixed header of 10 bytes (u8
// kind, u32 piece, u32 offset, u8 pushed) and then the raw bytes, so that they are not copied once more. Golden files:
// tests/golden/swarm. libtorrent 2.0.8 carries at most 1 MiB a message; pieces above 512 KiB go in several.
#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "shared/core/codec.hpp"
#include "shared/layer/piece_hashes.hpp"
#include "shared/layer/piece_set.hpp"
#include "shared/swarm/piece_range.hpp"
#include "shared/swarm/role.hpp"

namespace shoal::swarm {

inline constexpr const char* extension_name = "shoal";
inline constexpr std::uint8_t extension_id =
    40;  // what we ask others to label our messages with; BEP 10 lets each choose
inline constexpr std::uint16_t protocol_version = 1;

inline constexpr std::size_t frame_room = 6;  // in front of a body: u32 length, u8 20, u8 the other side's extension id
inline constexpr std::size_t piece_header_size = 10;
inline constexpr std::uint32_t largest_part = 512 << 10;  // bytes of a piece in one message: bounds its buffer
inline constexpr std::size_t largest_body = 256
                                            << 10;  // of anything but `piece`: the bitmap of a million pieces and spare
inline constexpr std::size_t largest_node_name = 253;  // a DNS name's; the tracker refuses longer ones too
inline constexpr std::size_t largest_zone_name = 253;  // as long as a node's name
inline constexpr std::size_t most_ranges = 8192;  // in one offer: at 8 bytes a range they fit into a body

enum class Kind : std::uint8_t { hello = 1, offer = 2, ask = 3, refuse = 4, piece = 5, hashes = 6, request_hashes = 7, takes_only = 8 };

enum class Held : std::uint8_t { nothing = 0, some = 1, everything = 2 };
inline bool known(Held held) {
  return held <= Held::everything;
}
inline bool known(Role role) {
  return role <= Role::seed;
}

struct Hello {  // first and once, from both sides
  std::uint16_t version = protocol_version;
  Role role = Role::fetch;
  std::string node;
  std::string zone;  // its rack, say; empty: none
  std::array<std::byte, 32> nonce{};
  std::array<std::byte, 32> proof{};  // reserved, zero: HMAC over both nonces under the swarm key
  Held held = Held::nothing;
  Bytes bitmap;  // of `some`: piece 0 is the highest bit of the first byte
  template <class C>
  static void fields(C& c, Hello& m) {
    c.field(m.version), c.field(m.role), c.field(m.node), c.field(m.zone), c.field(m.nonce), c.field(m.proof);
    c.field(m.held), c.field(m.bitmap);
  }
  friend bool operator==(const Hello&, const Hello&) = default;
};

struct Offered {  // pieces the sender has since its hello, in order; acknowledges pushes
  std::vector<PieceRange> ranges;
  template <class C>
  static void fields(C& c, Offered& m) {
    c.field(m.ranges);
  }
  friend bool operator==(const Offered&, const Offered&) = default;
};

struct Asked {  // for a whole piece
  PieceIndex piece = 0;
  bool with_hash = true;  // its hash is not known: the batch is to come with it, unless it is on its way already
  template <class C>
  static void fields(C& c, Asked& m) {
    c.field(m.piece), c.field(m.with_hash);
  }
  friend bool operator==(const Asked&, const Asked&) = default;
};

struct Refused {  // of an ask: the sender does not have the piece, or too much is queued
  PieceIndex piece = 0;
  template <class C>
  static void fields(C& c, Refused& m) {
    c.field(m.piece);
  }
  friend bool operator==(const Refused&, const Refused&) = default;
};

struct Hashes {
  HashBatch batch;
  template <class C>
  static void fields(C& c, Hashes& m) {
    c.field(m.batch);
  }
  friend bool operator==(const Hashes&, const Hashes&) = default;
};

struct RequestHashes {  // the batch that holds this piece's
  PieceIndex piece = 0;
  template <class C>
  static void fields(C& c, RequestHashes& m) {
    c.field(m.piece);
  }
  friend bool operator==(const RequestHashes&, const RequestHashes&) = default;
};

// Right after the hello: the sender keeps no piece for long, since its node has no room for the layer. It offers none, and
// none is pushed to it. A seeder offers it what it has, as a holder does.
struct TakesOnly {
  template <class C>
  static void fields(C& /*codec*/, TakesOnly& /*message*/) {}
  friend bool operator==(const TakesOnly&, const TakesOnly&) = default;
};

using Message = std::variant<Hello, Offered, Asked, Refused, Hashes, RequestHashes, TakesOnly>;

// The message with `frame_room` bytes free in front.
Bytes encode_frame(const Message& message);
// `refused` for a kind this version does not know (skip it), `corrupt` for anything that does not parse (close).
// Indices are not checked against a layer here.
Result<Message> decode(ByteView body);

struct PieceHeader {
  PieceIndex piece = 0;
  std::uint32_t offset = 0;  // bytes; a multiple of `largest_part`
  bool pushed = false;
  friend bool operator==(const PieceHeader&, const PieceHeader&) = default;
};
inline bool is_piece(ByteView body) {
  return !body.empty() && body[0] == static_cast<std::byte>(Kind::piece);
}
// Writes the header behind `frame_room` bytes; `frame` has room for both.
void write_piece_header(MutableBytes frame, const PieceHeader& header);
PieceHeader read_piece_header(ByteView body);  // at least piece_header_size long

// What a hello says of the pieces held, and back; `corrupt` unless the bitmap fits `count` pieces exactly.
void set_held(Hello& hello, const PieceSet& pieces);
Result<PieceSet> held_pieces(const Hello& hello, PieceIndex count);

}  // namespace shoal::swarm
