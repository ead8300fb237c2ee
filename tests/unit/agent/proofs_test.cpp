// Whether a registry has a layer that is here from elsewhere: its bytes decide, and no word.
#include "agent/access/proofs.hpp"

#include <array>
#include <catch2/catch.hpp>
#include <set>

#include "tests/unit/agent/scripted_origin.hpp"

using namespace shoal;
using namespace shoal::agent;

namespace {

const access::Caller mallory{{"evil", "x/app"}, Secret("Basic mallory")};

Task<void> prove(access::Proofs& proofs, access::Question question, access::Evidence evidence,
                 std::optional<Result<void>>& proven) {
  const Result<void> given = co_await proofs.prove(std::move(question), std::move(evidence), Hash256{});
  proven = given;
}

struct Stage {
  explicit Stage(Bytes bytes) : content(std::move(bytes)), digest(origin.add(content)) {}
  access::Evidence evidence() const {
    return {ByteCount{content.size()}, [this](std::uint64_t offset, MutableBytes out) {
              std::ranges::copy(ByteView(content).subspan(offset, out.size()), out.begin());
              return Result<void>();
            }};
  }
  void start(std::optional<Result<void>>& proven, origin::Kind kind = origin::Kind::blob) {
    spawn(loop, prove(proofs, {mallory, digest, kind}, evidence(), proven));
    loop.restart();
    loop.poll();
  }
  Result<void> ask(origin::Kind kind = origin::Kind::blob) {
    std::optional<Result<void>> proven;
    start(proven, kind);
    REQUIRE(proven);
    return *proven;
  }
  bool is_known() const { return possession.has("evil", digest); }
  std::size_t requests() const { return static_cast<std::size_t>(origin.asked + origin.opened) + origin.parts.size(); }

  Loop loop;
  ManualClock clock{loop};
  ScriptedOrigin origin{loop, clock};
  access::Possession possession;
  access::Proofs proofs{{loop, clock, origin, possession}};
  Bytes content;
  Digest digest;
};

constexpr std::size_t large = 600'000;

}  // namespace

TEST_CASE("a registry proves a large layer with 64 KiB from an offset that differs each time, asked for with the caller's credential") {
  std::set<std::uint64_t> offsets;
  for (int i = 0; i < 8; ++i) {
    Stage stage(numbered_bytes(large));
    CHECK(stage.ask());
    CHECK(stage.is_known());
    REQUIRE(stage.origin.parts.size() == 1);
    const auto [first, end] = stage.origin.parts.front();
    CHECK(end - first == access::Proofs::stretch.value);
    CHECK(end <= large);
    offsets.insert(first);
    CHECK(stage.origin.last_authorization == "Basic mallory");
    CHECK(stage.requests() == 1);
  }
  CHECK(offsets.size() > 4);
}

TEST_CASE("a registry that sends other bytes, or another size, has not proven the layer, and is not asked again soon") {
  Stage stage(numbered_bytes(large));
  Bytes sent = numbered_bytes(large, 2);
  SECTION("other bytes") {}
  SECTION("zeros") { sent = Bytes(large); }
  SECTION("one byte more") {
    sent = stage.content;
    sent.push_back({});
  }
  SECTION("half of it") { sent = copy_of(ByteView(stage.content).first(large / 2)); }
  stage.origin.registries["evil"].sends = sent;
  CHECK(stage.ask().error().kind == ErrorKind::not_found);
  const std::size_t before = stage.requests();
  stage.origin.registries["evil"].sends.reset();
  CHECK(stage.ask().error().kind == ErrorKind::not_found);
  CHECK(stage.requests() == before);
  CHECK_FALSE(stage.is_known());
  stage.clock.advance(access::Possession::refuted_life);
  CHECK(stage.ask());
  CHECK(stage.is_known());
}

TEST_CASE("a small layer is compared whole, a manifest by its digest") {
  Stage stage(numbered_bytes(3'000));
  const bool is_right = GENERATE(true, false);
  SECTION("a layer") {
    if (!is_right) stage.origin.registries["evil"].sends = numbered_bytes(3'000, 2);
    CHECK(stage.ask().has_value() == is_right);
    CHECK(stage.origin.opened == 1);
  }
  SECTION("a manifest") {
    if (!is_right) stage.origin.registries["evil"].sends = numbered_bytes(3'000, 2);
    CHECK(stage.ask(origin::Kind::manifest).has_value() == is_right);
    CHECK(stage.origin.methods == std::vector<std::string>{"GET"});
  }
  CHECK(stage.is_known() == is_right);
  CHECK(stage.requests() == 1);
}

TEST_CASE("a registry without Range is read up to a stretch in the first MiB") {
  Stage stage(numbered_bytes(4'000'000));
  stage.origin.ignores_ranges = true;
  stage.origin.step = 16'384;
  CHECK(stage.ask());
  CHECK(stage.origin.sent_bytes <= (access::Proofs::longest_prefix + access::Proofs::stretch).value + stage.origin.step);
  Stage lying(numbered_bytes(4'000'000));
  lying.origin.ignores_ranges = true;
  lying.origin.registries["evil"].sends = numbered_bytes(4'000'000, 2);
  CHECK_FALSE(lying.ask());
}

TEST_CASE("bytes that can be guessed prove nothing: of a layer of zeros with little else that stretch is chosen, or none") {
  Bytes sparse(large);
  CHECK_FALSE(access::is_telling(ByteView(sparse).first(65'536)));
  CHECK(access::is_telling(ByteView(numbered_bytes(65'536))));
  Stage zeros(sparse);
  CHECK(zeros.ask().error().kind == ErrorKind::no_space);
  CHECK(zeros.requests() == 0);
  CHECK_FALSE(zeros.is_known());
}

TEST_CASE("what the registry answers instead of bytes is the error, and refutes nothing") {
  Stage stage(numbered_bytes(large));
  stage.origin.registries["evil"].has_nothing = true;
  const Result<void> absent = stage.ask();
  CHECK(absent.error().answered->status == 404);
  stage.origin.registries["evil"].has_nothing = false;
  stage.origin.fails_parts = true;
  CHECK(stage.ask().error().kind == ErrorKind::unavailable);
  stage.origin.fails_parts = false;
  CHECK(stage.ask());
}

TEST_CASE("callers of one credential share a proof, and a registry that is silent is waited for 25 s") {
  Stage stage(numbered_bytes(large));
  stage.origin.registries["evil"].is_silent = true;
  std::array<std::optional<Result<void>>, 3> proven;
  for (auto& each : proven) stage.start(each);
  CHECK(stage.requests() == 1);
  stage.clock.advance(access::SharedQuestions<void>::patience);
  stage.loop.restart();
  stage.loop.poll();
  for (const auto& each : proven) {
    REQUIRE(each);
    CHECK(each->error().kind == ErrorKind::unavailable);
  }
  stage.origin.registries["evil"].is_silent = false;
  stage.origin.go_on();
  stage.loop.restart();
  stage.loop.poll();
  CHECK(stage.is_known());
}
