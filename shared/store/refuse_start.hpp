// Why a store cannot start, in one line: the cause and what to do about it. Inside this room only.
#pragma once

#include <string>

#include "shared/core/result.hpp"
#include "shared/store/options.hpp"

namespace shoal::store {

// Throws StartError.
[[noreturn]] void refuse_start(const Options& options, const std::string& cause, const std::string& remedy);
[[noreturn]] void refuse_start(const Options& options, const Error& error);

}  // namespace shoal::store
