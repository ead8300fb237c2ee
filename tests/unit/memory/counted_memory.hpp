// CountedMemory: how many bytes the heap holds more at its fullest than at the start of a measurement.
//
// The whole program's `operator new` counts, so that what a library takes is in it.
#pragma once

#include <cstddef>

namespace shoal {

class CountedMemory {
 public:
  CountedMemory();
  std::size_t most_bytes() const;  // since the start

 private:
  std::size_t at_start_;
};

}  // namespace shoal
