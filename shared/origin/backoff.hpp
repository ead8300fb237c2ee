// Backoff: the pause before a repetition, which grows with the failures before it.
//
// Threads: any.
#pragma once

#include <algorithm>

#include "shared/core/units.hpp"

namespace shoal::origin {

struct Backoff {
  Milliseconds first{};
  int growth = 1;  // factor from one pause to the next
  Milliseconds longest{};

  Milliseconds after(int failures) const {  // counted from 1
    Milliseconds pause = first;
    for (int i = 1; i < failures && pause < longest; ++i) pause *= growth;
    return std::min(pause, longest);
  }
};

}  // namespace shoal::origin
