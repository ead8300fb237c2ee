// Any bytes, up to 64 KiB, as a caller's authorization, and as the claims of its token: when it ends is said or is not, and a
// grant never counts for longer than was allowed.
#include <algorithm>

#include "agent/access/grants.hpp"
#include "shared/core/check.hpp"
#include "tests/fuzz/expanded.hpp"

using namespace shoal;
using namespace shoal::agent::access;

namespace {

constexpr Milliseconds longest{3'600'000};

std::string base64_url(const std::string& text) {
  std::string encoded = base64_text(bytes_of(text));
  std::replace(encoded.begin(), encoded.end(), '+', '-');
  std::replace(encoded.begin(), encoded.end(), '/', '_');
  encoded.erase(encoded.find_last_not_of('=') + 1);
  return encoded;
}

void check(const std::string& authorization) {
  const Secret secret(authorization);
  const auto end = token_end(secret);
  SHOAL_CHECK(!end || *end >= std::chrono::seconds(0));
  for (const std::int64_t date : {0LL, 1'700'000'000LL, 1LL << 40}) {
    const Milliseconds life = grant_life(secret, longest, std::chrono::seconds(date));
    SHOAL_CHECK(life >= Milliseconds::zero() && life <= longest);
    if (!end) SHOAL_CHECK(life == longest);
    if (end && end->count() <= date) SHOAL_CHECK(life == Milliseconds::zero());
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string text = expanded(data, size);
  text.resize(std::min<std::size_t>(text.size(), 64 << 10));
  check(text);
  check("Bearer " + text);
  check("Bearer head." + base64_url(text) + ".signature");
  return 0;
}
