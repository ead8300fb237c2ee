// The error of a store that cannot start: one line with the cause and the remedy. Inside this room only.
#pragma once

#include <string>

#include "shared/core/result.hpp"
#include "shared/store/options.hpp"

namespace shoal::store {

// Throws StartError.
[[noreturn]] void refuse_start(const Options& options, const std::string& cause, const std::string& remedy);
[[noreturn]] void refuse_start(const Options& options, const Error& error);

}  // namespace shoal::store
