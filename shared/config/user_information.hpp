// User information: the "USER:PASSWORD@" that somebody has written into a URL or a host's name, where none belongs. What
// tells of the value does not show it. Inside this room only.
//
// Threads: any.
#pragma once

#include <string>
#include <string_view>

namespace shoal::config {

// Stars in its place, in each word of the text.
std::string without_user_information(std::string_view text);

}  // namespace shoal::config
