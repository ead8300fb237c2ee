#include "shared/core/secret.hpp"

#include <catch2/catch.hpp>
#include <algorithm>
#include <cstdlib>
#include <memory>
#include <new>
#include <ostream>

#include "shared/core/codec.hpp"
#include "shared/log/field.hpp"

using namespace shoal;

namespace {

template <class T>
concept Printable = requires(std::ostream& out, const T& value) { out << value; };
template <class T>
concept Joinable = requires(const T& value) { std::string("a") + value; };

// What turns into a log field, a text, a number or a stream's output could be shown by a line that nobody looked at.
static_assert(Printable<std::string> && !Printable<Secret>);
static_assert(Joinable<std::string> && !Joinable<Secret>);
static_assert(std::is_constructible_v<log::Field, std::string_view, std::string>);
static_assert(!std::is_constructible_v<log::Field, std::string_view, Secret>);
static_assert(!std::is_constructible_v<log::Field, std::string_view, const Secret&>);
static_assert(!std::is_convertible_v<Secret, std::string> && !std::is_convertible_v<Secret, std::string_view>);
static_assert(!std::is_constructible_v<std::string, Secret> && !std::is_constructible_v<std::string_view, Secret>);
static_assert(!std::is_convertible_v<Secret, bool>);
static_assert(!std::is_convertible_v<std::string, Secret>);  // whoever makes one says so

constexpr std::size_t short_size = 5;  // fits into a std::string's own bytes

struct Message {
  Secret secret;
  std::uint32_t number = 0;
  template <class C>
  static void fields(C& c, Message& m) {
    c.field(m.secret), c.field(m.number);
  }
};

// What stood at a place when its memory was given back.
const void* watched = nullptr;
std::string given_back;

void give_back(void* place) {
  if (place != nullptr && place == watched) {
    watched = nullptr;
    given_back.assign(static_cast<const char*>(place), given_back.size());
  }
  std::free(place);
}

void watch(const Secret& secret) {
  given_back.assign(secret.size(), '?');
  watched = secret.reveal().data();
}

}  // namespace

void* operator new[](std::size_t size) {
  void* const place = std::malloc(size);
  if (place == nullptr) throw std::bad_alloc();
  return place;
}
void operator delete[](void* place) noexcept {
  give_back(place);
}
void operator delete[](void* place, std::size_t) noexcept {
  give_back(place);
}

TEST_CASE("a secret keeps its text through copies, moves and growth") {
  const std::string text = GENERATE(std::string(), std::string("short"), std::string(10'000, 'x'), std::string("a\0b", 3));
  const Secret secret(text);
  Secret copy = secret;
  CHECK(copy.reveal() == text);
  Secret moved = std::move(copy);
  CHECK(moved.reveal() == text);
  copy = moved;
  CHECK(copy == secret);
  copy = std::move(moved);
  CHECK(copy == secret);
  CHECK(copy.size() == text.size());
  CHECK(copy.empty() == text.empty());
  copy.append("more");
  CHECK(copy.reveal() == text + "more");
  copy.shorten(text.size());
  CHECK(copy == secret);
  Secret& same = copy;
  copy = same;
  CHECK(copy == secret);
  copy.clear();
  CHECK(copy == Secret());
}

TEST_CASE("secrets are equal when all their bytes are") {
  CHECK(Secret("abc") == Secret("abc"));
  CHECK_FALSE(Secret("abc") == Secret("abd"));
  CHECK_FALSE(Secret("bbc") == Secret("abc"));
  CHECK_FALSE(Secret("abc") == Secret("ab"));
  CHECK_FALSE(Secret("abc") == Secret());
  CHECK(Secret::of({"Bearer ", "", "abc"}) == Secret("Bearer abc"));
}

TEST_CASE("what a secret moves from has nothing of it, and a text that is given away is wiped") {
  Secret from("short");
  const Secret to = std::move(from);
  CHECK(from.empty());  // NOLINT: it is what is tested
  CHECK(from.reveal().data() == nullptr);
  for (const std::size_t size : {short_size, std::size_t{1'000}}) {
    std::string text(size, 's');
    const char* const bytes = text.data();
    const Secret taken(std::move(text));
    CHECK(taken.reveal() == std::string(size, 's'));
    CHECK(text.empty());  // NOLINT: it is what is tested
    REQUIRE(text.data() == bytes);
    CHECK(std::string_view(bytes, size).find('s') == std::string_view::npos);
  }
}

TEST_CASE("the bytes of a secret are overwritten before its memory is given back") {
  const std::string zeros(8, '\0');
  const auto secret = std::make_unique<Secret>("password");
  SECTION("when it ends") {
    auto ends = std::make_unique<Secret>("password");
    watch(*ends);
    ends.reset();
  }
  SECTION("when it is assigned to") {
    watch(*secret);
    SECTION("a copy") { *secret = *std::make_unique<const Secret>("other"); }
    SECTION("another one") { *secret = Secret("other"); }
  }
  SECTION("when it grows") {
    watch(*secret);
    secret->append("more");
    CHECK(secret->reveal() == "passwordmore");
  }
  SECTION("when it is cleared") {
    watch(*secret);
    secret->clear();
  }
  CHECK(watched == nullptr);
  CHECK(given_back == zeros);
}

TEST_CASE("what is cut off a secret is overwritten at once") {
  Secret secret("password");
  const char* const bytes = secret.reveal().data();
  secret.shorten(4);
  CHECK(std::string_view(bytes, 8) == std::string_view("pass\0\0\0\0", 8));
}

TEST_CASE("wiping overwrites a text's bytes, also those behind its end") {
  std::string text(100, 's');
  text.resize(10);
  const char* const bytes = text.data();
  wipe(text);
  CHECK(text.empty());
  REQUIRE(text.data() == bytes);
  CHECK(std::string_view(bytes, 100).find('s') == std::string_view::npos);
  Bytes frame(100, std::byte{'s'});
  const std::byte* const place = frame.data();
  wipe(frame);
  CHECK(frame.empty());
  CHECK(std::count(place, place + 100, std::byte{'s'}) == 0);
}

TEST_CASE("a secret travels as a string does") {
  Encoder encoder;
  encoder.field(Message{Secret("password"), 7});
  const Bytes frame = encoder.take();
  Encoder of_string;
  of_string.field(std::string("password"));
  of_string.field(std::uint32_t{7});
  CHECK(frame == of_string.take());
  Message message;
  Decoder decoder(frame);
  decoder.field(message);
  CHECK(decoder.good());
  CHECK(message.secret == Secret("password"));
  CHECK(message.number == 7);
}
