// Which layers belong to which repository, and which registry is known to have them.
#include "agent/access/members.hpp"

#include <catch2/catch.hpp>

#include "agent/access/possession.hpp"
#include "shared/crypto/hasher.hpp"

using namespace shoal;
using namespace shoal::agent::access;

namespace {

const origin::Repository app{"reg", "team/app"};
constexpr origin::Kind blob = origin::Kind::blob;

Digest digest_number(std::size_t number) {
  return digest_of(DigestAlgorithm::sha256, bytes_of(std::to_string(number)));
}

}  // namespace

TEST_CASE("a layer is a member of the repository whose manifest names it, with the size that it names") {
  Members members;
  const Digest digest = digest_number(1);
  members.add(app, {digest, ByteCount{7}});
  CHECK(members.has(app, digest, blob));
  CHECK(members.size_of(app, digest, blob) == ByteCount{7});
  for (const origin::Repository& other : {origin::Repository{"evil", "team/app"}, origin::Repository{"reg", "team/other"}}) {
    CHECK_FALSE(members.has(other, digest, blob));
    CHECK_FALSE(members.size_of(other, digest, blob));
  }
}

TEST_CASE("what another repository's manifest says of a layer's size counts for that one alone") {
  Members members;
  const Digest digest = digest_number(1);
  members.add(app, {digest, ByteCount{10'000}});
  members.add({"evil", "x"}, {digest, ByteCount{5}});
  CHECK(members.size_of(app, digest, blob) == ByteCount{10'000});
  CHECK(members.size_of({"evil", "x"}, digest, blob) == ByteCount{5});
}

TEST_CASE("a size stays known when the layer is named again without one, and follows a later one") {
  Members members;
  const Digest digest = digest_number(1);
  members.add(app, {digest});
  CHECK(members.has(app, digest, blob));
  CHECK_FALSE(members.size_of(app, digest, blob));
  members.add(app, {digest, ByteCount{7}});
  members.add(app, {digest});
  CHECK(members.size_of(app, digest, blob) == ByteCount{7});
  members.add(app, {digest, ByteCount{8}});
  CHECK(members.size_of(app, digest, blob) == ByteCount{8});
}

TEST_CASE("a blob of a repository is no manifest of it, and a manifest no blob") {
  Members members;
  members.add(app, {digest_number(1), ByteCount{7}, blob});
  members.add(app, {digest_number(2), ByteCount{8}, origin::Kind::manifest});
  CHECK_FALSE(members.has(app, digest_number(1), origin::Kind::manifest));
  CHECK_FALSE(members.size_of(app, digest_number(1), origin::Kind::manifest));
  CHECK_FALSE(members.has(app, digest_number(2), blob));
  CHECK(members.has(app, digest_number(2), origin::Kind::manifest));
}

TEST_CASE("of the members the one that was named longest ago makes room") {
  Members members;
  for (std::size_t i = 0; i < Members::most; ++i) members.add(app, {digest_number(i), ByteCount{1}});
  members.add(app, {digest_number(0)});  // named again
  members.add(app, {digest_number(Members::most)});
  CHECK(members.size() == Members::most);
  CHECK(members.has(app, digest_number(0), blob));
  CHECK_FALSE(members.has(app, digest_number(1), blob));
}

TEST_CASE("possession is of a registry, whichever repository") {
  Possession possession;
  const Digest digest = digest_number(1);
  possession.note("reg", digest);
  CHECK(possession.has("reg", digest));
  CHECK_FALSE(possession.has("evil", digest));
  CHECK_FALSE(possession.has("reg", digest_number(2)));
}

TEST_CASE("a registry that sent other bytes is refuted for ten minutes, for that layer alone") {
  Possession possession;
  const Time now{std::chrono::hours(1)};
  possession.refute("evil", digest_number(1), now);
  CHECK(possession.is_refuted("evil", digest_number(1), now + Possession::refuted_life - Milliseconds(1)));
  CHECK_FALSE(possession.is_refuted("evil", digest_number(1), now + Possession::refuted_life));
  CHECK_FALSE(possession.is_refuted("evil", digest_number(2), now));
  CHECK_FALSE(possession.is_refuted("good", digest_number(1), now));
}

TEST_CASE("upstreams whose names lead to one registry have the same layers") {
  Possession possession([](const std::string& upstream) { return upstream == "alias" ? std::string("reg") : upstream; });
  possession.note("alias", digest_number(1));
  CHECK(possession.has("reg", digest_number(1)));
  CHECK_FALSE(possession.has("evil", digest_number(1)));
}
