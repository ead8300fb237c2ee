// FirstBytes: places a Hash256 in a hash table. It is spread evenly already.
//
// Threads: any.
#pragma once

#include <cstring>

#include "shared/crypto/hasher.hpp"

namespace shoal::inline crypto {

struct FirstBytes {
  std::size_t operator()(const Hash256& hash) const {
    std::size_t first = 0;
    std::memcpy(&first, hash.data(), sizeof first);
    return first;
  }
};

}  // namespace shoal::inline crypto
