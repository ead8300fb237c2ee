#include "tests/unit/swarm/network.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cstring>
#include <random>

namespace shoal::swarm {

TestLayer::TestLayer(ByteCount size, std::uint8_t seed) : layout(size), bytes(size.value) {
  name.bytes[0] = static_cast<std::byte>(seed);
  std::mt19937_64 random(seed);
  for (std::size_t i = 0; i < bytes.size(); i += 8) {
    const std::uint64_t word = random();
    std::memcpy(bytes.data() + i, &word, std::min<std::size_t>(8, bytes.size() - i));
  }
  for (PieceIndex first = 0; first < layout.count(); first += 10) {
    std::vector<Hash256> batch;
    for (PieceIndex i = first; i < std::min(first + 10, layout.count()); ++i) batch.push_back(sha256(piece(i)));
    batches.push_back(sign_batch(key, name, first, std::move(batch)));
  }
}

ByteView TestLayer::piece(PieceIndex index) const {
  return ByteView(bytes).subspan(layout.offset(index), layout.length(index));
}

PieceHashes TestLayer::hashes() const {
  PieceHashes all(layout);
  for (const HashBatch& batch : batches) all.add_trusted(batch);
  return all;
}

TestNode::TestNode(Loop& l, const TestLayer& of, std::string name, Options options)
    : loop(l),
      layer(of),
      descriptor(::open((directory.path() + "/layer").c_str(), O_RDWR | O_CREAT, 0600)),
      arrived(of.layout.count()) {
  REQUIRE(::ftruncate(descriptor, static_cast<off_t>(of.bytes.size())) == 0);
  file = std::make_shared<store::PieceFile>(store::File(descriptor), of.layout);
  if (options.listen.empty()) options.listen = "127.0.0.1:0";
  options.node = std::move(name);
  carrier = make_swarm(loop, clock, options, metrics);
}

void TestNode::join(Role as) {
  if (as == Role::fetch) return join_with(as, PieceSet(layer.layout.count()), PieceHashes(layer.layout));
  REQUIRE(::pwrite(descriptor, layer.bytes.data(), layer.bytes.size(), 0) == static_cast<ssize_t>(layer.bytes.size()));
  join_with(as, PieceSet::full(layer.layout.count()), layer.hashes());
}

void TestNode::join_cold() {
  join_with(Role::seed, PieceSet(layer.layout.count()), PieceHashes(layer.layout));
}

void TestNode::join_without_batches() {
  REQUIRE(::pwrite(descriptor, layer.bytes.data(), layer.bytes.size(), 0) == static_cast<ssize_t>(layer.bytes.size()));
  PieceHashes hashes(layer.layout);
  hashes.add_list(layer.hashes().all());
  join_with(Role::hold, PieceSet::full(layer.layout.count()), std::move(hashes));
}

void TestNode::make_unwritable() {
  const int read_only = ::open((directory.path() + "/layer").c_str(), O_RDONLY);
  file = std::make_shared<store::PieceFile>(store::File(read_only), layer.layout);
}

void TestNode::join_with(Role as, PieceSet have, PieceHashes hashes) {
  role = as;
  arrived = have;
  left = false;
  carrier.swarm->join(
      {layer.name, as, file, std::move(have), std::move(hashes), layer.key.public_key(), [this](Event e) { on(e); }});
}

void TestNode::on(const Event& event) {
  if (left) ++events_after_leave;
  if (std::holds_alternative<Ready>(event)) ready = true;
  if (const auto* piece = std::get_if<PieceArrived>(&event)) {
    arrived.add(piece->piece.index());
    order.push_back(piece->piece.index());
  }
  if (const auto* piece = std::get_if<PieceRefused>(&event)) refused.push_back(*piece);
  if (const auto* hash = std::get_if<HashesMissing>(&event)) wanted.push_back(hash->piece);
  if (const auto* peer = std::get_if<PeerReached>(&event)) reached.push_back(peer->is_seeder);
  if (const auto* peer = std::get_if<PeerNotReached>(&event)) not_reached.push_back(peer->peer);
  if (const auto* failed = std::get_if<Failed>(&event)) failures.push_back(failed->error);
}

void TestNode::publish(PieceIndex first, PieceIndex count, bool with_hashes) {
  Publication publication;
  for (PieceIndex i = first; i < first + count; ++i) {
    const ByteView bytes = layer.piece(i);
    REQUIRE(::pwrite(descriptor, bytes.data(), bytes.size(), static_cast<off_t>(layer.layout.offset(i))) > 0);
    publication.in_file.push_back(i);
  }
  for (const HashBatch& batch : layer.batches) {
    if (with_hashes && batch.first >= first && batch.first < first + count) publication.batches.push_back(batch);
  }
  carrier.swarm->publish(layer.name, std::move(publication));
}

void TestNode::connect(const TestNode& other) {
  carrier.swarm->connect(layer.name, {{"127.0.0.1", other.carrier.port, other.role == Role::seed}});
}

void TestNode::tamper(PieceIndex index) {
  const std::byte wrong = layer.piece(index)[0] ^ std::byte{1};
  REQUIRE(::pwrite(descriptor, &wrong, 1, static_cast<off_t>(layer.layout.offset(index))) == 1);
}

bool TestNode::identical() const {
  Bytes read(layer.bytes.size());
  return file->read_at(0, read) && read == layer.bytes;
}

}  // namespace shoal::swarm
