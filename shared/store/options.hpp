// Options: where a store is, and how much it may take.
#pragma once

#include <string>

#include "shared/core/units.hpp"
#include "shared/store/faults.hpp"

namespace shoal::store {

struct Options {
  std::string path = "/var/lib/shoal";
  ByteCount capacity = 50_GiB;
  Faults* faults = nullptr;
};

}  // namespace shoal::store
