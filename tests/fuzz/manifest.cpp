// Any bytes as a manifest: what is learnt of it is bounded and can be reserved for a layer; it always has a type.
#include "agent/registry/descriptors.hpp"
#include "shared/core/check.hpp"
#include "shared/layer/piece_layout.hpp"

using namespace shoal;
using namespace shoal::agent::registry;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  Descriptors descriptors;
  descriptors.learn(text);
  for (const char digit : {'0', 'a', 'f'}) {
    const auto known = descriptors.size_of(Digest::parse("sha256:" + std::string(64, digit)).value());
    SHOAL_CHECK(!known || *known <= largest_layer);
  }
  const std::string type = media_type_of(text);
  SHOAL_CHECK(!type.empty() || text.find("mediaType") != text.npos);
  return 0;
}
