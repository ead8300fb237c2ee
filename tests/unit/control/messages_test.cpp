#include "shared/control/messages.hpp"

#include <algorithm>
#include <array>
#include <catch2/catch.hpp>
#include <fstream>
#include <set>

#include "shared/crypto/hasher.hpp"

using namespace shoal;
using namespace shoal::control;

namespace {

template <class Message>
struct Golden {
  const char* name;
  Message value;
  // Of the fields at its end that an earlier version does not send, for each earlier version.
  std::array<std::size_t, 3> appended_bytes{};
};

// A direction's decoder by the type of its messages.
Result<AgentMessage> decode(ByteView frame, const AgentMessage&) {
  return decode_agent_message(frame);
}
Result<TrackerMessage> decode(ByteView frame, const TrackerMessage&) {
  return decode_tracker_message(frame);
}

template <std::size_t Size>
std::array<std::byte, Size> filled(int with) {
  std::array<std::byte, Size> bytes;
  bytes.fill(static_cast<std::byte>(with));
  return bytes;
}

Digest a_layer() {
  return digest_of(DigestAlgorithm::sha256, bytes_of("layer"));
}
Digest long_layer() {
  return digest_of(DigestAlgorithm::sha512, bytes_of("layer"));
}
Join a_join() {
  return {a_layer(), {LayerKind::manifest, "reg.example.com:5000", "library/alpine"}, 65'536, Secret("secret"), true, Want::of_agents};
}
OriginAnswer an_answer() {
  return {401, {"Bearer realm=\"https://auth.example.com/token\"", "Basic realm=\"x\""}, "UNAUTHORIZED", "log in"};
}
constexpr std::size_t answer_bytes = 100;
HashBatch a_batch() {
  return {64, {filled<32>(1), filled<32>(2)}, filled<64>(3)};
}

std::vector<Golden<AgentMessage>> agent_messages() {
  return {
      {"hello", Hello{1,
                      "node-1",
                      "rack-a",
                      1'700'000'000'000,
                      {"", 7072, "node-1", false},
                      {"10.0.0.1", 7073, "node-1", false},
                      {a_layer(), long_layer()}}},
      {"holds", Holds{{long_layer()}, {"reg.example.com"}}, {23}},
      {"join", a_join(), {2, 1}},
      {"progress", Progress{a_layer(), 1, 1000, true}},
      {"leave", Leave{a_layer()}},
      {"resolve", Resolve{7, "reg.example.com", "library/alpine", "3.19", "application/vnd.oci.image.index.v1+json"}},
      {"blame", Blame{a_layer(), 2, 17, "node-9", "10.0.0.9"}},
      {"want_hashes", RequestHashes{a_layer(), 0, 65}},
      {"lost", Lost{{a_layer(), long_layer()}}},
      {"check", Check{8, "reg.example.com", "library/alpine", LayerKind::manifest, long_layer(), 300'000}, {4}},
      {"unreachable", Unreachable{a_layer(), Service::small_layers, {"10.0.0.9", 7073, "node-9", false}}},
  };
}

std::vector<Golden<TrackerMessage>> tracker_messages() {
  return {
      {"welcome", Welcome{1, 3, filled<32>(4), filled<32>(5), filled<32>(6), 99, {"http://10.0.0.9:7080"}}},
      {"joined", Joined{a_layer(),
                        1'000'000,
                        16'384,
                        1,
                        "application/vnd.oci.image.manifest.v1+json",
                        {{"", 7082, "", true}},
                        {{"10.0.0.1", 7073, "node-1", false}},
                        true,
                        "reg.example.com"},
       {20, 19}},
      {"refused",
       Refused{a_layer(), Reason::size, "the origin says 5 bytes", 3'000, true, an_answer(), "reg.example.com"},
       {1 + answer_bytes + 19, answer_bytes + 19, 19}},
      {"peers", Peers{a_layer(), 1, {{"10.0.0.2", 7072, "node-2", false}, {"fd00::1", 7072, "node-3", false}}}},
      {"serve", Serve{a_layer(), 1}},
      {"restart", Restart{a_layer(), 1}},
      {"hashes", Hashes{a_layer(), 0, a_batch()}},
      {"finished", Finished{a_layer(), 0, filled<64>(8)}},
      {"resolved", Resolved{7, 200, long_layer(), 1234, "application/json", "why", 2'000}, {4}},
      {"checked", Checked{8, 401, 1234, "application/json", "why", 2'000, an_answer(), 60'000}, {4}},
      {"prefetch", Prefetch{a_join()}, {2, 1}},
      {"forget", Evict{a_layer()}},
      {"ban", Ban{"node-9", "10.0.0.9"}},
      {"waiting", Waiting{a_layer(), true, true}, {2, 1}},
  };
}

template <class Check>
void for_each_message(Check check) {
  for (const auto& golden : agent_messages()) check(golden);
  for (const auto& golden : tracker_messages()) check(golden);
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
  std::set<std::byte> types;
  for_each_message([&](const auto& golden) { types.insert(encode(golden.value)[0]); });
  CHECK(types.size() == std::variant_size_v<AgentMessage> + std::variant_size_v<TrackerMessage>);
}

TEST_CASE("each message encodes to its golden file, and the golden file decodes to it") {
  for_each_message([](const auto& golden) {
    INFO(golden.name);
    CHECK(hex_text(encode(golden.value)) == golden_hex(golden.name));
    const auto bytes = parse_hex(golden_hex(golden.name));
    REQUIRE(bytes);
    const auto decoded = decode(*bytes, golden.value);
    REQUIRE(decoded);
    CHECK(*decoded == golden.value);
  });
}

TEST_CASE("a message cut short at any byte is corrupt") {
  for_each_message([](const auto& golden) {
    INFO(golden.name);
    const Bytes whole = encode(golden.value);
    for (std::size_t length = 0; length < whole.size(); ++length) {
      const auto decoded = decode(ByteView(whole).first(length), golden.value);
      const std::size_t left_out = whole.size() - length;
      if (std::ranges::find(golden.appended_bytes, left_out) != golden.appended_bytes.end()) continue;
      REQUIRE_FALSE(decoded);
      CHECK(decoded.error().kind == ErrorKind::corrupt);
    }
  });
}

TEST_CASE("a message of an earlier version has the defaults of what was appended since") {
  const auto of_earlier = [](const TrackerMessage& message, std::size_t appended_bytes) {
    const Bytes whole = encode(message);
    return decode_tracker_message(ByteView(whole).first(whole.size() - appended_bytes)).value();
  };
  CHECK(std::get<Waiting>(of_earlier(Waiting{a_layer(), true, true}, 2)) == Waiting{a_layer(), false});
  CHECK(std::get<Waiting>(of_earlier(Waiting{a_layer(), true, true}, 1)) == Waiting{a_layer(), true});
  const Refused refused{a_layer(), Reason::denied, "", 1, true, an_answer()};
  CHECK(std::get<Refused>(of_earlier(refused, answer_bytes + 4)) == Refused{a_layer(), Reason::denied, "", 1, true});
  CHECK_FALSE(std::get<Refused>(of_earlier(refused, answer_bytes + 5)).of_tracker);
  const Resolved resolved{7, 0, std::nullopt, 0, "", "why", 2'000};
  CHECK(std::get<Resolved>(of_earlier(resolved, 4)).retry_after_ms == 0);
  const Joined joined{a_layer(), 1, 2, 3, "", {}, {}, true, "reg"};
  CHECK(std::get<Joined>(of_earlier(joined, 7)).upstream.empty());
  CHECK_FALSE(std::get<Joined>(of_earlier(joined, 8)).at_source);
}

TEST_CASE("bytes behind the last field are ignored, so that a later version may append fields") {
  for_each_message([](const auto& golden) {
    INFO(golden.name);
    Bytes longer = encode(golden.value);
    longer.insert(longer.end(), 9, std::byte{0xee});
    const auto decoded = decode(longer, golden.value);
    REQUIRE(decoded);
    CHECK(*decoded == golden.value);
  });
}

TEST_CASE("a message of an unknown type is refused, to be skipped") {
  const auto first_unknown = static_cast<int>(MessageType::checked) + 1;
  for (const int type : {first_unknown, 255}) {
    const Bytes frame{static_cast<std::byte>(type), std::byte{0}};
    const auto from_agent = decode_agent_message(frame);
    const auto from_tracker = decode_tracker_message(frame);
    REQUIRE_FALSE(from_agent);
    REQUIRE_FALSE(from_tracker);
    CHECK(from_agent.error().kind == ErrorKind::refused);
    CHECK(from_tracker.error().kind == ErrorKind::refused);
  }
}

TEST_CASE("what only a tracker says is corrupt from an agent, so that the tracker closes the connection") {
  for (const auto& golden : tracker_messages()) {
    INFO(golden.name);
    const auto decoded = decode_agent_message(encode(golden.value));
    REQUIRE_FALSE(decoded);
    CHECK(decoded.error().kind == ErrorKind::corrupt);
    CHECK(decoded.error().what == "an agent sent a message that only a tracker sends");
  }
}

TEST_CASE("what only an agent says is refused from a tracker, so that the agent skips it") {
  for (const auto& golden : agent_messages()) {
    INFO(golden.name);
    const auto decoded = decode_tracker_message(encode(golden.value));
    REQUIRE_FALSE(decoded);
    CHECK(decoded.error().kind == ErrorKind::refused);
  }
}

TEST_CASE("an unknown reason, kind or digest algorithm is corrupt") {
  const auto spoiled = [](const auto& message, std::size_t offset) {
    Bytes bytes = encode(message);
    bytes[offset] = std::byte{77};
    return decode(bytes, message);
  };
  constexpr std::size_t after_digest = 1 + 1 + 32;
  CHECK_FALSE(spoiled(Refused{a_layer(), Reason::size, ""}, after_digest));
  CHECK_FALSE(spoiled(a_join(), after_digest));
  CHECK_FALSE(spoiled(Unreachable{a_layer(), Service::pieces, {}}, after_digest));
  CHECK_FALSE(spoiled(Leave{a_layer()}, 1));
}

TEST_CASE("a list that claims more items than there are bytes is corrupt, and nothing is allocated for it") {
  Encoder frame;
  frame.field(std::uint8_t{1});            // Holds
  frame.field(std::uint32_t{0xffffffff});  // digests
  const auto decoded = decode_agent_message(frame.take());
  REQUIRE_FALSE(decoded);
  CHECK(decoded.error().kind == ErrorKind::corrupt);
}

TEST_CASE("what an origin answered goes from node to node within its limits, and without what no header may hold") {
  Answered answered{403, {"Basic realm=\"x\"", "Basic realm=\"\r\nX: y\"", std::string(5'000, 'a')}, std::string(65, 'A'),
                    std::string(600, 'm')};
  for (int i = 0; i < 20; ++i) answered.challenges.push_back("Scheme" + std::to_string(i));
  const OriginAnswer wire = wire_form(answered);
  CHECK(wire.challenges.size() == Answered::most_challenges);
  CHECK(wire.challenges[0] == "Basic realm=\"x\"");
  CHECK(wire.challenges[1] == "Scheme0");
  CHECK(wire.code.empty());
  CHECK(wire.message.size() == Answered::longest_message);
  const MaybeAnswered back = answered_of({401, answered.challenges, "UNAUTHORIZED", ""});
  REQUIRE(back);
  CHECK(back->challenges == wire.challenges);
  CHECK_FALSE(answered_of(OriginAnswer()));
}
