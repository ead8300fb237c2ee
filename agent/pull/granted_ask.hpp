// GrantedAsk: a layer that a caller asks for, with the right to it.
#pragma once

#include "agent/access/granted.hpp"
#include "agent/pull/download.hpp"

namespace shoal::agent::pull {

struct GrantedAsk {
  access::Granted granted;
  Ask ask;
};

}  // namespace shoal::agent::pull
