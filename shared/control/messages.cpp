#include "shared/control/messages.hpp"

#include <array>
#include <utility>

namespace shoal::control {
namespace {

// A message to decode into: its digest, where it has one, is replaced by what the frame says.
template <class M>
M blank() {
  const Digest zero = *Digest::from_raw(DigestAlgorithm::sha256, std::array<std::byte, 32>{});
  if constexpr (std::is_default_constructible_v<M>) {
    return M{};
  } else if constexpr (std::is_same_v<M, Prefetch>) {
    return M{Join{zero, {}, 0, {}}};
  } else {
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wmissing-field-initializers"
    return M{zero};
#pragma GCC diagnostic pop
  }
}

template <std::size_t Index>
Result<Message> decode_as(ByteView body) {
  using M = std::variant_alternative_t<Index, Message>;
  M message = blank<M>();
  Decoder decoder(body);
  decoder.field(message);
  if (!decoder.good()) return fail(ErrorKind::corrupt, "a control message does not parse");
  return Message(std::move(message));
}

template <std::size_t... Index>
constexpr auto decoders(std::index_sequence<Index...>) {
  return std::array<Result<Message> (*)(ByteView), sizeof...(Index)>{&decode_as<Index>...};
}

}  // namespace

Bytes encode(const Message& message) {
  Encoder encoder;
  encoder.field(static_cast<std::uint8_t>(message.index()));
  std::visit([&](const auto& m) { encoder.field(m); }, message);
  return encoder.take();
}

Result<Message> decode(ByteView frame) {
  static constexpr auto by_type = decoders(std::make_index_sequence<std::variant_size_v<Message>>());
  if (frame.empty()) return fail(ErrorKind::corrupt, "a control message is empty");
  const auto type = std::to_integer<std::size_t>(frame[0]);
  if (type >= by_type.size()) return fail(ErrorKind::refused, "a control message of a type this version does not know");
  return by_type[type](frame.subspan(1));
}

}  // namespace shoal::control
