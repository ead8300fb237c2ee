// One Member and one link to it, whose other side the test plays.
#pragma once

#include <unistd.h>

#include <catch2/catch.hpp>

#include "shared/swarm/member/member.hpp"
#include "tests/unit/swarm/network.hpp"

namespace shoal::swarm {

class PlayedLink final : public Link {
 public:
  void send(MutableBytes frame) override { bodies.push_back(copy_of(frame.subspan(frame_room))); }
  std::size_t unsent_bytes() const override { return unsent; }
  void set_no_delay(bool on) override { no_delay = on; }
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
  bool no_delay = false;
  bool closed = false;
  std::string address = "10.0.0.1";
  bool to_seeder = true;
};

inline store::FileHandle a_file(const PieceLayout& layout, ByteView bytes = {}) {
  char path[] = "/tmp/shoal-member-XXXXXX";
  const int descriptor = ::mkstemp(path);
  REQUIRE(::unlink(path) == 0);
  REQUIRE(::ftruncate(descriptor, static_cast<off_t>(layout.layer_size().value)) == 0);
  if (!bytes.empty()) REQUIRE(::pwrite(descriptor, bytes.data(), bytes.size(), 0) > 0);
  return std::make_shared<store::PieceFile>(store::File(descriptor), layout);
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
                   node_state, [this](Event event) { events.push_back(std::move(event)); });
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
    node_state.run_on_worker = [this](auto work, auto done) {
      work_queue.emplace_back(std::move(work), std::move(done));
    };
  }
  bool sends(const Bytes& body) { return member->receive(peer, body, body.size(), now); }
  template <class E>
  std::size_t count() const {
    return static_cast<std::size_t>(
        std::count_if(events.begin(), events.end(), [](const Event& e) { return std::holds_alternative<E>(e); }));
  }

  TestLayer layer;
  store::FileHandle file;
  Metrics metrics;
  NodeState node_state{"us", "", metrics};
  std::vector<std::pair<std::function<void()>, std::function<void(Time)>>> work_queue;  // work, and what follows it
  std::vector<Event> events;
  PlayedLink link;
  std::optional<Member> member;
  PeerId peer = 0;
  Time now = Time{} + std::chrono::hours(1);
};

}  // namespace shoal::swarm
