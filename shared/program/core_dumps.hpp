// Core dumps: off from the start of a program, since its memory has passwords and tokens. /proc/PID/mem and environ, and
// ptrace, are then for root alone too.
// Source: prctl(2), PR_SET_DUMPABLE; core(5): a kernel that pipes dumps to a program looks at that, not at RLIMIT_CORE.
//
// Threads: main, before there are others.
#pragma once

#include "shared/program/options.hpp"

namespace shoal::program {

// False when the kernel does not let us: dumps stay as they were.
bool forbid_core_dumps();

// As they were before, when `options` wants them.
void configure_core_dumps(const ProcessOptions& options);

}  // namespace shoal::program
