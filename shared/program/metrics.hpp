// Metrics of the program itself: its version, its process and its log.
//
// Source of the names `process_...`: Prometheus' client libraries, which have the same in every language.
// Threads: the loop. Some milliseconds with tens of thousands of descriptors.
#pragma once

#include "shared/metrics/metrics.hpp"

namespace shoal::program {

void add_to_page(metrics::Page& page);

}  // namespace shoal::program
