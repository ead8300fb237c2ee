// SHOAL_CHECK(condition): our own invariant. On in every build; a failure is a bug and ends the process with its place.
// Never for anything that came from outside.
#pragma once

#include <cstdio>
#include <cstdlib>

#define SHOAL_CHECK(condition)                                                           \
  do {                                                                                   \
    if (!(condition)) {                                                                  \
      std::fprintf(stderr, "%s:%d: check failed: %s\n", __FILE__, __LINE__, #condition); \
      std::abort();                                                                      \
    }                                                                                    \
  } while (false)
