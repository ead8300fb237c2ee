// Descriptors of the process: the three standard ones, and the bound on how many may be open.
//
// Threads: any.
#pragma once

#include <cstddef>

namespace shoal::inline core {

// Opens /dev/null as those of descriptors 0 to 2 that are closed: else the next file that is opened, one of the store's,
// becomes standard error. First thing in `main`.
void open_standard_descriptors();

// Connections and layers are thousands of descriptors. From now on as many as the hard limit allows: a shell's soft limit is 1,024. What cannot be raised stays.
void raise_descriptor_limit();

// How many may be open.
std::size_t descriptor_limit();

}  // namespace shoal::inline core
