#include "shared/control/messages.hpp"

#include <catch2/catch.hpp>
#include <fstream>
#include <set>

#include "shared/crypto/hasher.hpp"

using namespace shoal;
using namespace shoal::control;

namespace {

struct Golden {
  const char* name;
  Message value;
};

template <std::size_t Size>
std::array<std::byte, Size> filled(int with) {
  std::array<std::byte, Size> bytes;
  bytes.fill(static_cast<std::byte>(with));
  return bytes;
}

Digest layer() {
  return digest_of(DigestAlgorithm::sha256, bytes_of("layer"));
}
Digest long_layer() {
  return digest_of(DigestAlgorithm::sha512, bytes_of("layer"));
}
Join a_join() {
  return {layer(), {LayerKind::manifest, "reg.example.com:5000", "library/alpine"}, 65'536, "secret"};
}
HashBatch a_batch() {
  return {64, {filled<32>(1), filled<32>(2)}, filled<64>(3)};
}

std::vector<Golden> agent_messages() {
  return {
      {"hello", Hello{1,
                      "node-1",
                      "rack-a",
                      1'700'000'000'000,
                      {"", 7072, "node-1", false},
                      {"10.0.0.1", 7073, "node-1", false},
                      {layer(), long_layer()}}},
      {"holds", Holds{{long_layer()}}},
      {"join", a_join()},
      {"progress", Progress{layer(), 1, 1000, true}},
      {"leave", Leave{layer()}},
      {"resolve", Resolve{7, "reg.example.com", "library/alpine", "3.19", "application/vnd.oci.image.index.v1+json"}},
      {"blame", Blame{layer(), 2, 17, "node-9", "10.0.0.9"}},
      {"want_hashes", WantHashes{layer(), 0, 65}},
      {"lost", Lost{{layer(), long_layer()}}},
  };
}

std::vector<Golden> tracker_messages() {
  return {
      {"welcome", Welcome{1, 3, filled<32>(4), filled<32>(5), filled<32>(6), 99, {"http://10.0.0.9:7080"}}},
      {"joined", Joined{layer(),
                        1'000'000,
                        16'384,
                        1,
                        "application/vnd.oci.image.manifest.v1+json",
                        {{"", 7082, "", true}},
                        {{"10.0.0.1", 7073, "node-1", false}}}},
      {"refused", Refused{layer(), Reason::size, "the origin says 5 bytes", 3'000}},
      {"peers", Peers{layer(), 1, {{"10.0.0.2", 7072, "node-2", false}, {"fd00::1", 7072, "node-3", false}}}},
      {"serve", Serve{layer(), 1}},
      {"restart", Restart{layer(), 1}},
      {"hashes", Hashes{layer(), 0, a_batch()}},
      {"finished", Finished{layer(), 0, filled<64>(8)}},
      {"resolved", Resolved{7, 200, long_layer(), 1234, "application/json", "why"}},
      {"prefetch", Prefetch{a_join()}},
      {"forget", Forget{layer()}},
      {"ban", Ban{"node-9", "10.0.0.9"}},
      {"waiting", Waiting{layer()}},
  };
}

std::vector<Golden> all_messages() {
  auto all = agent_messages();
  for (auto& golden : tracker_messages()) all.push_back(std::move(golden));
  return all;
}

// A golden file is hexadecimal text with line breaks.
std::string golden_hex(const std::string& name) {
  std::ifstream file(std::string(SHOAL_GOLDEN_DIR) + "/control/" + name + ".hex");
  std::string hex;
  for (std::string line; std::getline(file, line);) hex += line;
  return hex;
}

}  // namespace

TEST_CASE("every message type has a golden file") {
  std::set<std::size_t> types;
  for (const Golden& golden : all_messages()) types.insert(golden.value.index());
  CHECK(types.size() == std::variant_size_v<Message>);
}

TEST_CASE("each message encodes to its golden file, and the golden file decodes to it") {
  for (const Golden& golden : all_messages()) {
    INFO(golden.name);
    CHECK(hex_text(encode(golden.value)) == golden_hex(golden.name));
    const auto bytes = parse_hex(golden_hex(golden.name));
    REQUIRE(bytes);
    const auto decoded = decode(*bytes);
    REQUIRE(decoded);
    CHECK(*decoded == golden.value);
  }
}

TEST_CASE("a message cut short at any byte is corrupt") {
  for (const Golden& golden : all_messages()) {
    INFO(golden.name);
    const Bytes whole = encode(golden.value);
    for (std::size_t length = 0; length < whole.size(); ++length) {
      const auto decoded = decode(ByteView(whole).first(length));
      REQUIRE_FALSE(decoded);
      CHECK(decoded.error().kind == ErrorKind::corrupt);
    }
  }
}

TEST_CASE("bytes behind the last field are ignored, so that a later version may append fields") {
  for (const Golden& golden : all_messages()) {
    INFO(golden.name);
    Bytes longer = encode(golden.value);
    longer.insert(longer.end(), 9, std::byte{0xee});
    const auto decoded = decode(longer);
    REQUIRE(decoded);
    CHECK(*decoded == golden.value);
  }
}

TEST_CASE("a message of an unknown type is refused, to be skipped") {
  const auto first_unknown = static_cast<int>(std::variant_size_v<Message>);
  for (const int type : {first_unknown, 255}) {
    const auto decoded = decode(Bytes{static_cast<std::byte>(type), std::byte{0}});
    REQUIRE_FALSE(decoded);
    CHECK(decoded.error().kind == ErrorKind::refused);
  }
}

TEST_CASE("an unknown reason, kind or digest algorithm is corrupt") {
  const auto spoiled = [](const Message& message, std::size_t offset) {
    Bytes bytes = encode(message);
    bytes[offset] = std::byte{77};
    return decode(bytes);
  };
  constexpr std::size_t after_digest = 1 + 1 + 32;
  CHECK_FALSE(spoiled(Refused{layer(), Reason::size, ""}, after_digest));
  CHECK_FALSE(spoiled(a_join(), after_digest));
  CHECK_FALSE(spoiled(Leave{layer()}, 1));
}

TEST_CASE("a list that claims more items than there are bytes is corrupt, and nothing is allocated for it") {
  Encoder frame;
  frame.field(std::uint8_t{1});            // Holds
  frame.field(std::uint32_t{0xffffffff});  // digests
  const auto decoded = decode(frame.take());
  REQUIRE_FALSE(decoded);
  CHECK(decoded.error().kind == ErrorKind::corrupt);
}
