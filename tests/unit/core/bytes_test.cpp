#include "shared/core/bytes.hpp"

#include <catch2/catch.hpp>

using namespace shoal;

TEST_CASE("hexadecimal text and bytes are inverse") {
  Bytes all;
  for (unsigned i = 0; i < 256; ++i) all.push_back(static_cast<std::byte>(i));
  CHECK(parse_hex(hex_text(all)) == all);
  CHECK(hex_text(bytes_of("\x01\xab")) == "01ab");
  CHECK(hex_text(bytes_of("\x01\xab"), HexCase::upper) == "01AB");
  CHECK(parse_hex("")->empty());
}

TEST_CASE("only pairs of lower-case digits are hexadecimal") {
  for (const char* text : {"a", "AB", "0g", "0 ", "0x12", "-1", "é0"}) CHECK_FALSE(parse_hex(text));
}

TEST_CASE("base64 is as RFC 4648 gives it") {
  CHECK(base64_text(bytes_of("")) == "");
  CHECK(base64_text(bytes_of("f")) == "Zg==");
  CHECK(base64_text(bytes_of("fo")) == "Zm8=");
  CHECK(base64_text(bytes_of("foo")) == "Zm9v");
  CHECK(base64_text(bytes_of("foobar")) == "Zm9vYmFy");
  CHECK(base64_text(bytes_of("\xff\xfe\xfb")) == "//77");
}

TEST_CASE("base64 and bytes are inverse, with padding and without") {
  Bytes all;
  for (unsigned i = 0; i < 256; ++i) {
    CHECK(parse_base64(base64_text(all)) == all);
    std::string text = base64_text(all);
    while (text.ends_with('=')) text.pop_back();
    CHECK(parse_base64(text) == all);
    all.push_back(static_cast<std::byte>(i));
  }
}

TEST_CASE("what is no base64 gives no bytes") {
  for (const char* text : {"Z", "Zg=", "Zg===", "Z===", "Zh==", "Zm9=", "Zm 8=", "Zm9v\n", "-_-_", "=", "Zg==Zg==", "é"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_base64(text));
  }
}
