#include "shared/core/units.hpp"

#include <catch2/catch.hpp>
#include <limits>

using namespace shoal;

TEST_CASE("sizes, rates and times are read with their unit") {
  CHECK(parse_byte_count("50GiB") == 50_GiB);
  CHECK(parse_byte_count("0B") == ByteCount{0});
  CHECK(parse_byte_count("8388607TiB") == ByteCount{8388607ULL << 40});
  CHECK(parse_byte_rate("10MiB/s") == ByteRate{10 << 20});
  CHECK(parse_byte_rate("100Mbit/s") == ByteRate{12'500'000});
  CHECK(parse_byte_rate("10Gbit/s") == ByteRate{1'250'000'000});
  CHECK(parse_byte_rate("64kbit/s") == ByteRate{8'000});
  CHECK(parse_duration("250ms") == Milliseconds(250));
  CHECK(parse_duration("5s") == Milliseconds(5000));
  CHECK(parse_duration("2m") == Milliseconds(120'000));
  CHECK(parse_duration("1h") == Milliseconds(3'600'000));
}

TEST_CASE("a bare number and everything else is refused with an example") {
  for (const char* text : {"", "5", "GiB", "5 GiB", " 5GiB", "5GiB ", "5gib", "5GB", "5K", "-5GiB", "+5GiB", "1.5GiB",
                           "0x5B", "5GiBGiB", "8388608TiB", "18446744073709551616B", "99999999999999999999GiB"}) {
    CAPTURE(text);
    REQUIRE_FALSE(parse_byte_count(text));
    CHECK(parse_byte_count(text).error().what ==
          "\"" + std::string(text) + "\" is not understood; write for example \"50GiB\"");
  }
  for (const char* text : {"", "/s", "5/s", "5MiB", "5MiB/m", "5MiB/s/s", "5MiBs"}) CHECK_FALSE(parse_byte_rate(text));
  for (const char* text : {"", "5", "s", "5 s", "5sec", "-5s", "1.5s", "5S", "9223372036854775807h"}) {
    CHECK_FALSE(parse_duration(text));
  }
}

TEST_CASE("the text of a quantity reads back as the quantity, in the largest unit that divides it") {
  for (const std::uint64_t value : {0ULL, 1ULL, 1023ULL, 1024ULL, 1025ULL, 3ULL << 20, (3ULL << 20) + 1, 50ULL << 30,
                                    1ULL << 40, (1ULL << 63) - 1}) {
    CHECK(parse_byte_count(text(ByteCount{value})) == ByteCount{value});
    CHECK(parse_byte_rate(text(ByteRate{value})) == ByteRate{value});
  }
  for (const std::int64_t value : {0LL, 1LL, 999LL, 1000LL, 60'000LL, 90'000LL, 3'600'000LL, 86'400'000LL}) {
    CHECK(parse_duration(text(Milliseconds(value))) == Milliseconds(value));
  }
  CHECK(text(1536_KiB) == "1536KiB");
  CHECK(text(ByteRate{1 << 20}) == "1MiB/s");
  CHECK(text(Milliseconds(90'000)) == "90s");
  CHECK(text(Milliseconds(0)) == "0s");
}

TEST_CASE("a share is a size or whole per cent, and its text reads back") {
  CHECK(parse_byte_share("50GiB") == ByteShare(50_GiB));
  CHECK(parse_byte_share("10%") == ByteShare::percent(10));
  CHECK(ByteShare(50_GiB).of({7}) == 50_GiB);
  CHECK(ByteShare::percent(10).of({1'999}) == ByteCount{199});
  CHECK(ByteShare::percent(100).of({~0ULL}) == ByteCount{~0ULL});
  for (const char* written : {"50GiB", "0B", "0%", "7%", "100%"}) CHECK(text(*parse_byte_share(written)) == written);
  for (const char* bad : {"", "%", "10", "10 %", "101%", "-1%", "1.5%", "10%%", "99999999999%"}) {
    CAPTURE(bad);
    REQUIRE_FALSE(parse_byte_share(bad));
    CHECK(parse_byte_share(bad).error().what ==
          "\"" + std::string(bad) + "\" is not understood; write for example \"50GiB\" or \"10%\"");
  }
}
