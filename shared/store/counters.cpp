#include "shared/store/counters.hpp"

namespace shoal::store {

const char* text(Cause cause) {
  switch (cause) {
    case Cause::capacity:
      return "capacity";
    case Cause::min_free:
      return "min_free";
    case Cause::disk_full:
      return "disk_full";
    case Cause::unused:
      return "unused";
  }
  return "unused";
}

}  // namespace shoal::store
