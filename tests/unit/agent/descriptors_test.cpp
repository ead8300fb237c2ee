#include "agent/registry/descriptors.hpp"

#include <catch2/catch.hpp>

using namespace shoal;
using namespace shoal::agent::registry;

namespace {

Digest numbered(std::size_t number) {
  const std::string digits = std::to_string(number);
  return Digest::parse("sha256:" + std::string(64 - digits.size(), '0') + digits).value();
}

ManifestFacts naming(std::size_t number, std::uint64_t size) {
  return {.media_type = {}, .descriptors = {{numbered(number), ByteCount{size}}}};
}

}  // namespace

TEST_CASE("the size that was named last is remembered") {
  Descriptors descriptors;
  CHECK_FALSE(descriptors.size_of(numbered(1)));
  descriptors.learn(naming(1, 7));
  CHECK(descriptors.size_of(numbered(1)) == ByteCount{7});
  descriptors.learn(naming(1, 8));
  CHECK(descriptors.size_of(numbered(1)) == ByteCount{8});
}

TEST_CASE("sizes are remembered of 65,536 layers; the oldest makes room") {
  Descriptors descriptors;
  for (std::size_t number = 0; number <= 65'536; ++number) descriptors.learn(naming(number, number));
  CHECK_FALSE(descriptors.size_of(numbered(0)));
  CHECK(descriptors.size_of(numbered(1)) == ByteCount{1});
  CHECK(descriptors.size_of(numbered(65'536)) == ByteCount{65'536});
}
