// Any bytes, up to 4 MiB, as a manifest: what is learnt of it is bounded and can be reserved for a layer; it always has
// a type that can stand in a header.
#include "agent/registry/manifest_facts.hpp"
#include "shared/core/check.hpp"
#include "shared/layer/piece_layout.hpp"
#include "tests/fuzz/expanded.hpp"

using namespace shoal;
using namespace shoal::agent::registry;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ManifestFacts facts = read_manifest(expanded(data, size));
  SHOAL_CHECK(facts.descriptors.size() <= 3 * most_descriptors + 1);
  for (const Descriptor& descriptor : facts.descriptors) SHOAL_CHECK(descriptor.size <= largest_layer);
  const std::string& type = facts.media_type;
  SHOAL_CHECK(type.size() >= 3 && type.size() <= 255 && type.find('/') != type.npos);
  SHOAL_CHECK(type.find_first_of(" \t\r\n,;") == type.npos);
  return 0;
}
