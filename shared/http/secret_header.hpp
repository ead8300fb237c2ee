// The value of a header that is a secret, as find_header has it, without another copy of it.
//
// Threads: any.
#pragma once

#include <string_view>

#include "shared/core/secret.hpp"
#include "shared/http/message.hpp"

namespace shoal::http {

// All values of the repeated header joined by ", "; empty when absent.
Secret secret_header(const Headers& headers, std::string_view name);

}  // namespace shoal::http
