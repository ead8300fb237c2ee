#include "shared/swarm/messages.hpp"

#include <type_traits>

#include "shared/core/check.hpp"

namespace shoal::swarm {
namespace {

template <class M>
constexpr Kind kind_of() {
  if constexpr (std::is_same_v<M, Hello>) return Kind::hello;
  if constexpr (std::is_same_v<M, Offered>) return Kind::offer;
  if constexpr (std::is_same_v<M, Asked>) return Kind::ask;
  if constexpr (std::is_same_v<M, Refused>) return Kind::refuse;
  if constexpr (std::is_same_v<M, Hashes>) return Kind::hashes;
  if constexpr (std::is_same_v<M, RequestHashes>) return Kind::request_hashes;
  if constexpr (std::is_same_v<M, TakesOnly>) return Kind::takes_only;
}

bool within_limits(const Hello& hello) {
  return hello.node.size() <= largest_node_name && hello.zone.size() <= largest_zone_name;
}
// In order and apart from each other: reading them costs no more than the layer has pieces.
bool within_limits(const Offered& offered) {
  std::uint64_t end = 0;
  for (const PieceRange& range : offered.ranges) {
    if (range.first < end || range.count == 0) return false;
    end = std::uint64_t{range.first} + range.count;
  }
  return offered.ranges.size() <= most_ranges;
}
bool within_limits(const Hashes& hashes) {
  return !hashes.batch.hashes.empty() && hashes.batch.hashes.size() <= largest_batch;
}
template <class M>
bool within_limits(const M&) {
  return true;
}

template <class M>
Result<Message> decode_as(Decoder& decoder) {
  M message;
  decoder.field(message);
  if (!decoder.good() || !within_limits(message)) return fail(ErrorKind::corrupt, "a peer's message does not parse");
  return Message(std::move(message));
}

}  // namespace

Bytes encode_frame(const Message& message) {
  Encoder encoder;
  encoder.field(std::array<std::byte, frame_room>{});
  std::visit(
      [&](const auto& m) {
        encoder.field(static_cast<std::uint8_t>(kind_of<std::decay_t<decltype(m)>>()));
        encoder.field(m);
      },
      message);
  return encoder.take();
}

Result<Message> decode(ByteView body) {
  if (body.empty() || body.size() > largest_body)
    return fail(ErrorKind::corrupt, "a peer's message has no valid length");
  Decoder decoder(body.subspan(1));
  switch (static_cast<Kind>(body[0])) {
    case Kind::hello:
      return decode_as<Hello>(decoder);
    case Kind::offer:
      return decode_as<Offered>(decoder);
    case Kind::ask:
      return decode_as<Asked>(decoder);
    case Kind::refuse:
      return decode_as<Refused>(decoder);
    case Kind::hashes:
      return decode_as<Hashes>(decoder);
    case Kind::request_hashes:
      return decode_as<RequestHashes>(decoder);
    case Kind::takes_only:
      return decode_as<TakesOnly>(decoder);
    case Kind::piece:
      return fail(ErrorKind::corrupt, "a piece where a message was expected");
  }
  return fail(ErrorKind::refused, "a message of a later version");
}

void write_piece_header(MutableBytes frame, const PieceHeader& header) {
  Encoder encoder;
  encoder.field(static_cast<std::uint8_t>(Kind::piece));
  encoder.field(header.piece);
  encoder.field(header.offset);
  encoder.field(header.pushed);
  const Bytes bytes = encoder.take();
  SHOAL_CHECK(bytes.size() == piece_header_size && frame.size() >= frame_room + piece_header_size);
  std::copy(bytes.begin(), bytes.end(), frame.begin() + frame_room);
}

PieceHeader read_piece_header(ByteView body) {
  SHOAL_CHECK(body.size() >= piece_header_size);
  PieceHeader header;
  Decoder decoder(body.subspan(1, piece_header_size - 1));
  decoder.field(header.piece);
  decoder.field(header.offset);
  decoder.field(header.pushed);
  return header;
}

void set_held(Hello& hello, const PieceSet& pieces) {
  hello.bitmap.clear();
  hello.held = pieces.held() == 0 ? Held::nothing : pieces.complete() ? Held::everything : Held::some;
  if (hello.held != Held::some) return;
  hello.bitmap.assign((pieces.size() + 7) / 8, std::byte{0});
  for (PieceIndex piece = 0; piece < pieces.size(); ++piece) {
    if (pieces.has(piece)) hello.bitmap[piece / 8] |= std::byte{0x80} >> (piece % 8);
  }
}

Result<PieceSet> held_pieces(const Hello& hello, PieceIndex count) {
  if (hello.held == Held::everything) return PieceSet::full(count);
  PieceSet pieces(count);
  if (hello.held == Held::nothing) return pieces;
  if (hello.bitmap.size() != (std::size_t{count} + 7) / 8)
    return fail(ErrorKind::corrupt, "a peer's bitmap does not fit");
  for (PieceIndex piece = 0; piece < count; ++piece) {
    if ((hello.bitmap[piece / 8] & (std::byte{0x80} >> (piece % 8))) != std::byte{0}) pieces.add(piece);
  }
  return pieces;
}

}  // namespace shoal::swarm
