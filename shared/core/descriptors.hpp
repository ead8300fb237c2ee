// The bound on open descriptors: connections and layers are thousands of them.
//
// Threads: any.
#pragma once

namespace shoal::inline core {

// From now on as many as the hard limit allows: a shell's soft limit is 1,024. What cannot be raised stays.
void raise_descriptor_limit();

}  // namespace shoal::inline core
