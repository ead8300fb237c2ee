#include "shared/http/secret_header.hpp"

#include <utility>

namespace shoal::http {

Secret secret_header(const Headers& headers, std::string_view name) {
  Secret joined;
  bool is_first = true;
  for (const Header& header : headers) {
    if (!same_name(header.name, name)) continue;
    if (!std::exchange(is_first, false)) joined.append(", ");
    joined.append(header.value);
  }
  return joined;
}

}  // namespace shoal::http
