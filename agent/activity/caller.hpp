// Caller: who asked for an image, and by whose authority.
//
// Threads: any; values. `Authorities` the loop.
#pragma once

#include <cstdint>
#include <string>

#include "shared/core/bytes.hpp"

namespace shoal::agent::activity {

enum class By : std::uint8_t {
  anonymous,   // no credential came with the request
  credential,  // the caller's own
  node,        // whoever reaches the port, as the upstream's configuration says
};

struct Authority {
  By by = By::anonymous;
  std::string credential_hash{};  // 16 hexadecimal digits; empty without a credential

  bool operator==(const Authority&) const = default;
};

struct Caller {
  std::string client;   // the program, as it calls itself
  std::string address;  // of its connection
  Authority authority;

  bool operator==(const Caller&) const = default;
};

const char* text(By by);

// Names credentials by a keyed hash. The key lives as long as the process and leaves it never: so a hash says which lines
// had the same credential, and a guessed password cannot be tried against it.
class Authorities {
 public:
  Authorities();
  // `authorization`: the header's value; empty: none.
  Authority of(const std::string& authorization) const;

 private:
  Bytes key_;
};

}  // namespace shoal::agent::activity
