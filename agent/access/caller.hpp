// Caller: for whom a layer is to be served, as the origin sees it.
//
// Threads: any; values.
#pragma once

#include <string>

#include "shared/origin/origin.hpp"

namespace shoal::agent::access {

struct Caller {
  origin::Repository repository;
  Secret authorization;  // the caller's own header; empty: the configured credential if there is one, else anonymous
};

}  // namespace shoal::agent::access
