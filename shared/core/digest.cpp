#include "shared/core/digest.hpp"

#include <algorithm>

#include "shared/core/check.hpp"

namespace shoal::inline core {
namespace {

constexpr std::string_view sha256_prefix = "sha256:";
constexpr std::string_view sha512_prefix = "sha512:";

}  // namespace

std::size_t digest_size(DigestAlgorithm algorithm) {
  return algorithm == DigestAlgorithm::sha256 ? 32 : 64;
}

Digest::Digest(DigestAlgorithm algorithm, ByteView raw) : algorithm_(algorithm) {
  SHOAL_CHECK(raw.size() == digest_size(algorithm));
  std::copy(raw.begin(), raw.end(), bytes_.begin());
}

Result<Digest> Digest::parse(std::string_view text) {
  const bool is_sha256 = text.starts_with(sha256_prefix);
  if (is_sha256 || text.starts_with(sha512_prefix)) {
    const auto raw = parse_hex(text.substr(sha256_prefix.size()));
    if (raw) return from_raw(is_sha256 ? DigestAlgorithm::sha256 : DigestAlgorithm::sha512, *raw);
  }
  return fail(ErrorKind::refused, "invalid digest; expected sha256:<64 lower-case hex digits> or sha512:<128>");
}

Result<Digest> Digest::from_raw(DigestAlgorithm algorithm, ByteView raw) {
  const bool known = algorithm == DigestAlgorithm::sha256 || algorithm == DigestAlgorithm::sha512;
  if (!known || raw.size() != digest_size(algorithm)) {
    return fail(ErrorKind::refused, "invalid digest; wrong length for its algorithm");
  }
  return Digest(algorithm, raw);
}

std::string Digest::text() const {
  return std::string(algorithm_ == DigestAlgorithm::sha256 ? sha256_prefix : sha512_prefix) + hex();
}

}  // namespace shoal::inline core
