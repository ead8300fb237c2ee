// Any bytes from a peer: decoding ends with a message or an error, a message that came out encodes to bytes that decode
// to it again, and a member that is given them neither breaks nor reads outside what came.
#include <unistd.h>

#include <cstdlib>

#include "shared/swarm/member/member.hpp"

namespace {

using namespace shoal;
using namespace shoal::swarm;

class SilentLink final : public Link {
 public:
  void send(MutableBytes) override {}
  std::size_t unsent_bytes() const override { return 0; }
  void set_no_delay(bool) override {}
  std::string host() const override { return "10.0.0.1"; }
  bool leads_to_seeder() const override { return true; }
  void close() override {}
};

void round_trip(ByteView body) {
  const Result<Message> message = decode(body);
  if (!message) return;
  const Bytes frame = encode_frame(*message);
  const Result<Message> again = decode(ByteView(frame).subspan(frame_room));
  if (!again || *again != *message) std::abort();
}

store::FileHandle a_file(const PieceLayout& layout) {
  char path[] = "/tmp/shoal-fuzz-XXXXXX";
  const int descriptor = ::mkstemp(path);
  if (descriptor < 0 || ::unlink(path) != 0) std::abort();
  return std::make_shared<store::PieceFile>(store::File(descriptor), layout);
}

// Messages of a length each, as a connection would hand them over: first the head, then the whole.
void feed(Member& member, PeerId peer, ByteView input) {
  const Time now{};
  while (input.size() > 2) {
    const auto length = std::to_integer<std::size_t>(input[0]) << 8 | std::to_integer<std::size_t>(input[1]);
    input = input.subspan(2);
    const ByteView body = input.first(std::min(length, input.size()));
    if (body.empty() || !member.receive(peer, body.first(1), body.size(), now)) return;
    if (!member.receive(peer, body, body.size(), now)) return;
    input = input.subspan(body.size());
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ByteView input = std::as_bytes(std::span(data, size));
  round_trip(input);
  static const PieceLayout layout(ByteCount{5 * 16384 + 100});
  static const store::FileHandle file = a_file(layout);
  static Metrics metrics;
  NodeState node{"fuzz", "", metrics};
  SilentLink link;
  Member member({{}, Role::fetch, file, PieceSet(layout.count()), PieceHashes(layout), {}, {}}, node,
                [](const Event&) {});
  feed(member, member.link_up(link), input);
  return 0;
}
