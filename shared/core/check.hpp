// SHOAL_CHECK(condition): our own invariant. On in every build; a failure is a bug and ends the process with its place.
// Never for anything that came from outside.
//
// Threads: any.
#pragma once

namespace shoal::inline core {

// Writes the line to standard error, unless its reader takes nothing for a second, and aborts.
[[noreturn]] void abort_with(const char* line);
[[noreturn]] void fail_check(const char* file, int line, const char* condition);

}  // namespace shoal::inline core

#define SHOAL_CHECK(condition)                                             \
  do {                                                                     \
    if (!(condition)) ::shoal::fail_check(__FILE__, __LINE__, #condition); \
  } while (false)
