#include "shared/store/held_layer.hpp"

namespace shoal::store {

VerifiedSpan HeldLayer::readable(std::uint64_t from) const {
  const std::uint64_t size_bytes = open_->side.size_bytes;
  return VerifiedSpan(open_->file, from, from < size_bytes ? size_bytes - from : 0, open_);
}

}  // namespace shoal::store
