#include "shared/core/codec.hpp"

#include <catch2/catch.hpp>

namespace {

using namespace shoal;

enum class Colour : std::uint16_t { red = 1, blue = 300 };
bool known(Colour colour) {
  return colour == Colour::red || colour == Colour::blue;
}

struct Point {
  std::uint32_t x = 0;
  bool far = false;
  template <class C>
  static void fields(C& codec, Point& m) {
    codec.field(m.x), codec.field(m.far);
  }
  friend bool operator==(const Point&, const Point&) = default;
};

struct Sample {
  std::uint8_t small = 0;
  std::uint64_t large = 0;
  Colour colour = Colour::red;
  std::string text;
  Bytes bytes;
  std::array<std::byte, 4> fixed{};
  std::vector<Digest> digests;
  std::vector<Point> points;
  std::optional<std::string> there;
  std::optional<Point> absent;
  template <class C>
  static void fields(C& codec, Sample& m) {
    codec.field(m.small), codec.field(m.large), codec.field(m.colour), codec.field(m.text), codec.field(m.bytes);
    codec.field(m.fixed), codec.field(m.digests), codec.field(m.points), codec.field(m.there), codec.field(m.absent);
  }
  friend bool operator==(const Sample&, const Sample&) = default;
};

Sample full_sample() {
  Sample sample{7, 0x0102030405060708, Colour::blue, "text", copy_of(bytes_of("bytes")), {std::byte{9}}, {}, {}, "",
                {}};
  sample.digests = {*Digest::parse("sha256:" + std::string(64, 'a')),
                    *Digest::parse("sha512:" + std::string(128, 'b'))};
  sample.points = {{1, true}, {0xffffffff, false}};
  return sample;
}

Bytes encoded(const Sample& sample) {
  Encoder encoder;
  encoder.field(sample);
  return encoder.take();
}

bool decodes(ByteView bytes) {
  Decoder decoder(bytes);
  Sample sample;
  decoder.field(sample);
  return decoder.good();
}

}  // namespace

TEST_CASE("what is encoded is decoded as the same value") {
  const Bytes bytes = encoded(full_sample());
  Decoder decoder(bytes);
  Sample sample;
  decoder.field(sample);
  CHECK(decoder.good());
  CHECK(decoder.rest().empty());
  CHECK(sample == full_sample());
}

TEST_CASE("integers are big-endian, and lengths stand before strings and lists") {
  Encoder encoder;
  encoder.field(std::uint16_t{0x0102});
  encoder.field(std::string("ab"));
  encoder.field(std::vector<Point>{{5, true}});
  encoder.field(std::optional<std::uint8_t>(7));
  encoder.field(std::optional<std::uint8_t>());
  CHECK(hex_text(encoder.take()) ==
        "0102"
        "00000002"
        "6162"
        "00000001"
        "0000000501"
        "0107"
        "00");
}

TEST_CASE("a message that is cut anywhere is a failure") {
  const Bytes bytes = encoded(full_sample());
  for (std::size_t size = 0; size < bytes.size(); ++size) CHECK_FALSE(decodes(ByteView(bytes).first(size)));
}

TEST_CASE("bytes behind the last known field are left for later versions") {
  Bytes bytes = encoded(full_sample());
  bytes.push_back(std::byte{1});
  Decoder decoder(bytes);
  Sample sample;
  decoder.field(sample);
  CHECK(decoder.good());
  CHECK(decoder.rest().size() == 1);
}

TEST_CASE("a length beyond what came is a failure and allocates nothing") {
  const Bytes huge(4, std::byte{0xff});
  std::string text;
  Decoder of_text(huge);
  of_text.field(text);
  CHECK_FALSE(of_text.good());
  CHECK(text.empty());
  std::vector<Digest> digests;
  Decoder of_list(huge);
  of_list.field(digests);
  CHECK_FALSE(of_list.good());
  CHECK(digests.empty());
}

TEST_CASE("an unknown number in the place of an enum is a failure") {
  for (const std::uint16_t number : std::initializer_list<std::uint16_t>{0, 2, 301, 65535}) {
    Encoder encoder;
    encoder.field(number);
    const Bytes bytes = encoder.take();
    Decoder decoder(bytes);
    Colour colour = Colour::blue;
    decoder.field(colour);
    CHECK_FALSE(decoder.good());
    CHECK(colour == Colour::blue);
  }
}

TEST_CASE("an unknown digest algorithm is a failure") {
  const Bytes bytes(65, std::byte{3});
  Decoder decoder(bytes);
  Digest digest = *Digest::parse("sha256:" + std::string(64, 'a'));
  decoder.field(digest);
  CHECK_FALSE(decoder.good());
}

TEST_CASE("fields read after a failure keep their defaults") {
  const Bytes bytes(3, std::byte{1});
  Decoder decoder(bytes);
  std::uint32_t first = 42;
  std::uint8_t second = 43;
  decoder.field(first);
  decoder.field(second);
  CHECK_FALSE(decoder.good());
  CHECK(first == 42);
  CHECK(second == 43);
}
