#include "tracker/known_layers.hpp"

#include <catch2/catch.hpp>

using namespace shoal;
using namespace shoal::tracker;

namespace {

Digest numbered(std::size_t number) {
  return digest_of(DigestAlgorithm::sha256, bytes_of(std::to_string(number)));
}

OriginLayer layer(const std::string& upstream, const std::string& repository, std::size_t number = 0,
                  origin::Kind kind = origin::Kind::blob) {
  return {{upstream, repository}, kind, numbered(number)};
}

struct Fixture {
  Loop loop;
  ManualClock clock{loop};
  KnownLayers known{clock};
};

}  // namespace

TEST_CASE("what one repository answered says nothing of another, of another registry, kind or digest") {
  Fixture f;
  f.known.note_readable(layer("good.lab", "app"), {8, "application/json"});
  const auto facts = f.known.readable(layer("good.lab", "app"));
  REQUIRE(facts);
  CHECK(facts->size_bytes == 8);
  CHECK(facts->content_type == "application/json");
  CHECK_FALSE(f.known.readable(layer("good.lab", "other")));
  CHECK_FALSE(f.known.readable(layer("evil.lab", "app")));
  CHECK_FALSE(f.known.readable(layer("good.lab", "app", 1)));
  CHECK_FALSE(f.known.readable(layer("good.lab", "app", 0, origin::Kind::manifest)));
  CHECK_FALSE(f.known.readable(layer("good.laba", "pp")));
}

TEST_CASE("a registry is one, however its name is written") {
  Fixture f;
  f.known.note_readable(layer("Good.Lab:443", "app"), {});
  CHECK(f.known.readable(layer("good.lab", "app")));
  f.known.note_at("Good.Lab:443", numbered(0));
  CHECK(f.known.is_at("good.lab.", numbered(0)));
}

TEST_CASE("what is known holds for an hour, and that a registry has a layer for longer") {
  Fixture f;
  f.known.note_readable(layer("good.lab", "app"), {});
  f.known.note_at("good.lab", numbered(0));
  f.clock.advance(KnownLayers::keep - Milliseconds(1));
  CHECK(f.known.readable(layer("good.lab", "app")));
  f.clock.advance(Milliseconds(1));
  CHECK_FALSE(f.known.readable(layer("good.lab", "app")));
  CHECK(f.known.is_at("good.lab", numbered(0)));
}

TEST_CASE("an answer is told with its age, and is none for whoever wants a younger one") {
  Fixture f;
  f.known.note_readable(layer("good.lab", "app"), {});
  f.clock.advance(Milliseconds(60'000));
  CHECK(f.known.readable(layer("good.lab", "app"))->age == Milliseconds(60'000));
  CHECK(f.known.readable(layer("good.lab", "app"), Milliseconds(60'001)));
  CHECK_FALSE(f.known.readable(layer("good.lab", "app"), Milliseconds(60'000)));
}

TEST_CASE("what a registry lets anybody read, by its word, it is not known to have") {
  Fixture f;
  f.known.note_readable(layer("good.lab", "app"), {});
  CHECK_FALSE(f.known.is_at("good.lab", numbered(0)));
}

TEST_CASE("that a registry has a layer lets no anonymous caller read it") {
  Fixture f;
  f.known.note_at("good.lab", numbered(0));
  CHECK(f.known.is_at("good.lab", numbered(0)));
  CHECK_FALSE(f.known.is_at("evil.lab", numbered(0)));
  CHECK_FALSE(f.known.readable(layer("good.lab", "app")));
}

TEST_CASE("what is known is bounded: the oldest makes room, and an answer that came again is not old") {
  Fixture f;
  for (std::size_t i = 0; i < KnownLayers::most; ++i) f.known.note_readable(layer("good.lab", "app", i), {});
  f.known.note_readable(layer("good.lab", "app", 0), {});
  f.known.note_readable(layer("good.lab", "app", KnownLayers::most), {});
  CHECK(f.known.size() == KnownLayers::most);
  CHECK(f.known.readable(layer("good.lab", "app", 0)));
  CHECK_FALSE(f.known.readable(layer("good.lab", "app", 1)));
  CHECK(f.known.readable(layer("good.lab", "app", KnownLayers::most)));
}

TEST_CASE("types are kept once each, and a long one or a 256th is not kept") {
  Fixture f;
  for (std::size_t i = 0; i < 300; ++i) {
    f.known.note_readable(layer("good.lab", "app", i), {8, "type/" + std::to_string(i)});
  }
  f.known.note_readable(layer("good.lab", "long"), {8, std::string(KnownLayers::longest_type + 1, 'x')});
  CHECK(f.known.readable(layer("good.lab", "app", 3))->content_type == "type/3");
  CHECK(f.known.readable(layer("good.lab", "app", 299))->content_type.empty());
  CHECK(f.known.readable(layer("good.lab", "long"))->content_type.empty());
}

TEST_CASE("upstreams whose names lead to one registry have the same layers, and rights by name") {
  Fixture f;
  f.known.name_registries([](const std::string& upstream) { return upstream == "alias" ? std::string("good.lab") : upstream; });
  f.known.note_at("alias", numbered(0));
  CHECK(f.known.is_at("good.lab", numbered(0)));
  f.known.note_readable(layer("alias", "app"), {});
  CHECK_FALSE(f.known.readable(layer("good.lab", "app")));
}
