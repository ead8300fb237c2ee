// Bytes: raw bytes, owned (Bytes) or borrowed (ByteView, MutableBytes), and their hexadecimal text.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace shoal::inline core {

using Bytes = std::vector<std::byte>;
using ByteView = std::span<const std::byte>;
using MutableBytes = std::span<std::byte>;

inline ByteView bytes_of(std::string_view text) {
  return std::as_bytes(std::span(text.data(), text.size()));
}
inline std::string_view text_of(ByteView bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}
inline Bytes copy_of(ByteView bytes) {
  return Bytes(bytes.begin(), bytes.end());
}

enum class HexCase { lower, upper };
std::string hex_text(ByteView bytes, HexCase letters = HexCase::lower);  // two digits a byte
// Lower-case digits only, as the OCI digest grammar asks; nothing for anything else.
std::optional<Bytes> parse_hex(std::string_view text);

std::string base64_text(ByteView bytes);  // RFC 4648 section 4, padded
// With padding or without; nothing for any other character, or for bits that no byte has.
std::optional<Bytes> parse_base64(std::string_view text);

}  // namespace shoal::inline core
