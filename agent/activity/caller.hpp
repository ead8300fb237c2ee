// Caller: who asked for an image, and by whose authority.
//
// Threads: any; values.
#pragma once

#include <string>

#include "agent/access/granted.hpp"

namespace shoal::agent::activity {

using access::Authority;
using access::By;

struct Caller {
  std::string client;   // the program, as it calls itself
  std::string address;  // of its connection
  Authority authority;

  bool operator==(const Caller&) const = default;
};

const char* text(By by);

}  // namespace shoal::agent::activity
