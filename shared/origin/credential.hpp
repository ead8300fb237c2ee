// Credential: a user and its password, of a registry or of a proxy.
//
// Threads: any.
#pragma once

#include <string>

#include "shared/core/secret.hpp"

namespace shoal::origin {

struct Credential {
  std::string username;
  Secret password;
};

// "Basic ...", the value of Authorization or Proxy-Authorization. Source: RFC 7617.
Secret basic_header(const Credential& credential);

}  // namespace shoal::origin
