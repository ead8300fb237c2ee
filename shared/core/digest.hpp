// Digest: the content address of a layer, parsed once, where it enters; every Digest is valid.
// Source: OCI image-spec, descriptor.md#digests (sha256 and sha512, lower-case hexadecimal).
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "shared/core/bytes.hpp"
#include "shared/core/result.hpp"

namespace shoal::inline core {

enum class DigestAlgorithm : std::uint8_t { sha256 = 1, sha512 = 2 };  // the numbers are on the wire and on disk

std::size_t digest_size(DigestAlgorithm algorithm);  // bytes: 32 or 64

class Digest {
 public:
  // "sha256:" and 64 lower-case hexadecimal digits, or "sha512:" and 128. `refused` otherwise.
  static Result<Digest> parse(std::string_view text);
  // `raw` must be digest_size(algorithm) long, `refused` otherwise.
  static Result<Digest> from_raw(DigestAlgorithm algorithm, ByteView raw);

  DigestAlgorithm algorithm() const { return algorithm_; }
  ByteView raw() const { return ByteView(bytes_).first(digest_size(algorithm_)); }
  std::string hex() const { return hex_text(raw()); }
  std::string text() const;

  friend auto operator<=>(const Digest&, const Digest&) = default;

 private:
  Digest(DigestAlgorithm algorithm, ByteView raw);
  DigestAlgorithm algorithm_;
  std::array<std::byte, 64> bytes_{};  // zero behind a sha256
};

}  // namespace shoal::inline core

template <>
struct std::hash<shoal::Digest> {
  std::size_t operator()(const shoal::Digest& digest) const noexcept {
    return std::hash<std::string_view>{}(shoal::text_of(digest.raw()));
  }
};
