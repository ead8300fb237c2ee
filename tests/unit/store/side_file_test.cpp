#include "shared/store/side_file.hpp"

#include <catch2/catch.hpp>
#include <fstream>

using namespace shoal;
using namespace shoal::store;

namespace {

Bytes golden(const std::string& name) {
  std::ifstream file(std::string(SHOAL_GOLDEN_DIR) + "/store/" + name, std::ios::binary);
  REQUIRE(file.is_open());
  const std::string text{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  return copy_of(bytes_of(text));
}

SideFile signed_side() {
  SideFile side{digest_of(DigestAlgorithm::sha256, bytes_of("layer")), 40000, 16384, 2};
  for (const char* piece : {"0", "1", "2"}) side.hashes.push_back(sha256(bytes_of(piece)));
  side.signature.emplace();
  for (unsigned i = 0; i < 64; ++i) (*side.signature)[i] = static_cast<std::byte>(i);
  for (unsigned i = 0; i < 16; ++i) side.swarm.bytes[i] = static_cast<std::byte>(100 + i);
  side.upstreams = {"docker.io", "registry.example.com:5000"};
  return side;
}

SideFile manifest_side() {
  SideFile side{digest_of(DigestAlgorithm::sha512, bytes_of("manifest")), 8, 16384};
  side.hashes.push_back(sha256(bytes_of("manifest")));
  side.content_type = "application/vnd.oci.image.manifest.v1+json";
  return side;
}

// The checksum made right again: only what stands in the fields is wrong.
Bytes resealed(Bytes file) {
  const Hash256 sum = sha256(ByteView(file).first(file.size() - 32));
  std::copy(sum.begin(), sum.end(), file.end() - 32);
  return file;
}

bool is_corrupt(ByteView file) {
  const auto side = decode_side(file);
  return !side && side.error().kind == ErrorKind::corrupt;
}

}  // namespace

TEST_CASE("a side file on disk is what the golden files hold") {
  CHECK(hex_text(encode_side(signed_side())) == hex_text(golden("signed.side")));
  CHECK(hex_text(encode_side(manifest_side())) == hex_text(golden("manifest.side")));
  CHECK(decode_side(golden("signed.side")).value() == signed_side());
  CHECK(decode_side(golden("manifest.side")).value() == manifest_side());
}

TEST_CASE("a side file cut anywhere is corrupt") {
  const Bytes file = golden("signed.side");
  for (std::size_t size = 0; size < file.size(); ++size) CHECK(is_corrupt(ByteView(file).first(size)));
}

TEST_CASE("a side file with any bit flipped is corrupt") {
  const Bytes file = golden("manifest.side");
  for (std::size_t bit = 0; bit < file.size() * 8; ++bit) {
    Bytes flipped = file;
    flipped[bit / 8] ^= static_cast<std::byte>(1 << bit % 8);
    CHECK(is_corrupt(flipped));
  }
}

TEST_CASE("a side file cut anywhere is corrupt even under a right checksum") {
  const Bytes file = golden("signed.side");
  const std::size_t before_upstreams = golden("without_upstreams.side").size();
  for (std::size_t size = 40; size < file.size(); ++size) {
    if (size == before_upstreams) continue;  // an earlier version's file
    CAPTURE(size);
    CHECK(is_corrupt(resealed(Bytes(file.begin(), file.begin() + static_cast<std::ptrdiff_t>(size)))));
  }
}

TEST_CASE("a side file of an earlier version names no registry") {
  SideFile old = signed_side();
  old.upstreams.clear();
  CHECK(decode_side(golden("without_upstreams.side")).value() == old);
}

TEST_CASE("of too many registries in a side file the first are read") {
  SideFile side = signed_side();
  side.upstreams.assign(SideFile::most_upstreams + 1, "docker.io");
  CHECK(decode_side(encode_side(side)).value().upstreams.size() == SideFile::most_upstreams);
}

TEST_CASE("a side file whose fields contradict each other is corrupt") {
  SideFile wrong = signed_side();
  wrong.piece_length_bytes = 32768;
  CHECK(is_corrupt(encode_side(wrong)));
  wrong = signed_side();
  wrong.hashes.pop_back();
  CHECK(is_corrupt(encode_side(wrong)));
  wrong = signed_side();
  wrong.size_bytes = 32768;
  CHECK(is_corrupt(encode_side(wrong)));
  wrong = signed_side();
  wrong.size_bytes = largest_layer.value + 1;
  CHECK(is_corrupt(encode_side(wrong)));
}

TEST_CASE("the side file of an empty layer has no hashes") {
  const SideFile side{digest_of(DigestAlgorithm::sha256, {}), 0, 16384};
  CHECK(decode_side(encode_side(side)).value() == side);
}
