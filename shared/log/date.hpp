// Date: what the computer's clock says, for people and programs that read logs, and for the end of tokens. All other
// logic has the Clock that it is given.
//
// Threads: any.
#pragma once

#include <chrono>
#include <string>

namespace shoal::log {

std::chrono::milliseconds date_now();                       // since 1970
std::string date_text(std::chrono::milliseconds date);  // "2026-11-30T17:05:00.123Z"

}  // namespace shoal::log
