#include "shared/control/messages.hpp"

#include <algorithm>
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
  } else if constexpr (std::is_same_v<M, Check>) {
    return M{0, {}, {}, LayerKind::blob, zero};
  } else {
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wmissing-field-initializers"
    return M{zero};
#pragma GCC diagnostic pop
  }
}

// One direction's messages.
template <class Message>
struct Direction;

template <class... M>
struct Direction<std::variant<M...>> {
  using Message = std::variant<M...>;
  static constexpr std::array types{M::type...};

  static bool has(MessageType type) { return std::ranges::find(types, type) != types.end(); }

  static Bytes encode(const Message& message) {
    Encoder encoder;
    std::visit([&](const auto& m) { encoder.field(m.type), encoder.field(m); }, message);
    return encoder.take();
  }

  static Result<Message> decode(MessageType type, ByteView body) {
    using DecodeBody = Result<Message> (*)(ByteView);
    static constexpr std::array<DecodeBody, types.size()> by_position{&decode_body<M>...};
    const auto position = std::ranges::find(types, type) - types.begin();
    return by_position[static_cast<std::size_t>(position)](body);
  }

 private:
  template <class One>
  static Result<Message> decode_body(ByteView body) {
    One message = blank<One>();
    Decoder decoder(body);
    decoder.field(message);
    if (!decoder.good()) return fail(ErrorKind::corrupt, "a control message does not parse");
    return Message(std::move(message));
  }
};

using FromAgent = Direction<AgentMessage>;
using FromTracker = Direction<TrackerMessage>;

// Both directions together use every byte of the table once.
constexpr bool each_type_is_one_message() {
  std::array<int, static_cast<std::size_t>(MessageType::checked) + 1> uses{};
  for (const MessageType type : FromAgent::types) ++uses[static_cast<std::size_t>(type)];
  for (const MessageType type : FromTracker::types) ++uses[static_cast<std::size_t>(type)];
  return std::ranges::all_of(uses, [](int count) { return count == 1; });
}
static_assert(each_type_is_one_message());

template <class Receiving, class Other>
Result<typename Receiving::Message> decode(ByteView frame, ErrorKind kind_of_other, const char* other) {
  if (frame.empty()) return fail(ErrorKind::corrupt, "a control message is empty");
  const auto type = static_cast<MessageType>(frame[0]);
  if (Receiving::has(type)) return Receiving::decode(type, frame.subspan(1));
  if (Other::has(type)) return fail(kind_of_other, other);
  return fail(ErrorKind::refused, "a control message of a type this version does not know");
}

}  // namespace

Bytes encode(const AgentMessage& message) {
  return FromAgent::encode(message);
}
Bytes encode(const TrackerMessage& message) {
  return FromTracker::encode(message);
}

Result<AgentMessage> decode_agent_message(ByteView frame) {
  return decode<FromAgent, FromTracker>(frame, ErrorKind::corrupt, "an agent sent a message that only a tracker sends");
}
Result<TrackerMessage> decode_tracker_message(ByteView frame) {
  return decode<FromTracker, FromAgent>(frame, ErrorKind::refused, "a tracker sent a message that only an agent sends");
}

}  // namespace shoal::control
