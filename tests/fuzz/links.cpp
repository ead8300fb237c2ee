// Any bytes as the origin's Link header and as a query: what comes out is nothing, or one link to this endpoint.
#include "agent/registry/next_page.hpp"

#include "shared/core/check.hpp"

using namespace shoal;
using namespace shoal::agent::registry;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  static const http::Url asked{"https", "registry.example.com", 443, "/v2/lib/app/tags/list"};
  const std::string path = "/v2/lib/app/tags/list";
  const std::string link = next_page({text}, asked, path, "n=5&ns=registry.example.com");
  if (!link.empty()) {
    SHOAL_CHECK(link.starts_with("<" + path + "?") && link.ends_with("ns=registry.example.com>; rel=\"next\""));
    SHOAL_CHECK(link.find('>') == link.rfind('>') && link.find_first_of("\r\n#") == link.npos);
  }
  const std::string query = query_for_origin(text);
  SHOAL_CHECK(query.size() <= text.size() && !query.starts_with("ns=") && query.find("&ns=") == query.npos);
  SHOAL_CHECK(query_for_origin(query) == query);
  return 0;
}
