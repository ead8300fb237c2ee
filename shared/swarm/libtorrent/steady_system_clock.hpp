// The steady system_clock: in a program with a swarm `std::chrono::system_clock` is not the date of the machine. It
// starts at that date and then follows the steady clock, whatever is done to the machine's clock.
//
// Why: libtorrent 2.0.8 sets all its timers by system_clock. Set back by a day it would stand still for a day, and with
// it everything that a rate limit meters (seen: no byte moved any more).
//
// Code that needs the date, a certificate's expiry for instance, asks the kernel (`clock_gettime(CLOCK_REALTIME)`), as
// the log and OpenSSL do. tests/tidy refuses system_clock elsewhere.
// Threads: any.
#pragma once

namespace shoal::swarm {

// Takes the machine's date as the start. The call also makes the linker take the definition in this file instead of
// libstdc++'s: nothing else of ours names it.
void start_steady_system_clock();

}  // namespace shoal::swarm
