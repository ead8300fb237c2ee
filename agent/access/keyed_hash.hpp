// KeyedHash: short names for texts from outside, by a key that is made at the start and never leaves memory. Nobody can
// choose texts of one name, or find a credential from its name.
//
// Threads: any.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>

#include "shared/crypto/first_bytes.hpp"

namespace shoal::agent::access {

class KeyedHash {
 public:
  KeyedHash();
  // Of the parts in this order. None but the last has a line break in it.
  Hash256 of(std::initializer_list<std::string_view> parts) const;
  std::uint64_t number_of(std::initializer_list<std::string_view> parts) const;

 private:
  Bytes key_;
};

}  // namespace shoal::agent::access
