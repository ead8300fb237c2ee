// mix: a bijection that leaves no pattern, the finalizer of splitmix64. All nodes compute the same.
#pragma once

#include <cstdint>

namespace shoal::swarm {

inline std::uint64_t mix(std::uint64_t x) {
  x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9U;
  x = (x ^ x >> 27) * 0x94d049bb133111ebU;
  return x ^ x >> 31;
}

}  // namespace shoal::swarm
