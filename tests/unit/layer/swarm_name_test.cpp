#include "shared/layer/swarm_name.hpp"

#include <catch2/catch.hpp>

#include "shared/crypto/hasher.hpp"

using namespace shoal;

namespace {

SwarmKey counting_key() {
  SwarmKey key;
  for (unsigned i = 0; i < key.size(); ++i) key[i] = static_cast<std::byte>(i);
  return key;
}

const Digest digest = digest_of(DigestAlgorithm::sha256, bytes_of("layer"));

}  // namespace

// Computed apart from this code: HMAC over 01 01 <digest> 0000000004000000 00008000 00000003, and so on.
TEST_CASE("every node computes the same name from one key, digest, size and generation") {
  CHECK(swarm_name(counting_key(), digest, PieceLayout(64_MiB), 3).text() == "ce7855fec20bbd870b300effc74156e7");
  CHECK(swarm_name(counting_key(), digest_of(DigestAlgorithm::sha512, bytes_of("layer")), PieceLayout({1}), 0).text() ==
        "31260c104e86155b1a790539876cc4cc");
}

TEST_CASE("another key, digest, size or generation is another swarm") {
  const SwarmName name = swarm_name(counting_key(), digest, PieceLayout(64_MiB), 3);
  CHECK(swarm_name(SwarmKey{}, digest, PieceLayout(64_MiB), 3) != name);
  CHECK(swarm_name(counting_key(), digest_of(DigestAlgorithm::sha256, bytes_of("other")), PieceLayout(64_MiB), 3) !=
        name);
  CHECK(swarm_name(counting_key(), digest, PieceLayout({(64_MiB).value - 1}), 3) != name);
  CHECK(swarm_name(counting_key(), digest, PieceLayout(64_MiB), 4) != name);
}
