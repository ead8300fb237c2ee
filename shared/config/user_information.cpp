#include "shared/config/user_information.hpp"

#include <string_view>

namespace shoal::config {

// A password may have a "/" or an "@" in it that should have been encoded.
std::string without_user_information(std::string_view text) {
  constexpr std::string_view breaks = " \t\n\"',";
  std::string shown;
  for (std::string_view rest = text; !rest.empty();) {
    const std::string_view word = rest.substr(0, rest.find_first_of(breaks));
    const std::string_view user = word.substr(0, word.rfind('@') + 1);  // empty without one
    const std::size_t scheme = user.find("://");
    const bool has_scheme = scheme != std::string_view::npos;
    const bool is_shown = !has_scheme && user.find(':') == std::string_view::npos;
    if (has_scheme) shown += user.substr(0, scheme + 3);
    if (is_shown) shown += user;
    if (!is_shown) shown += "***@";
    shown += word.substr(user.size());
    rest.remove_prefix(word.size());
    const std::string_view end = rest.substr(0, 1);
    shown += end;
    rest.remove_prefix(end.size());
  }
  return shown;
}

}  // namespace shoal::config
