// An auth file: any text, up to 4 MiB, is refused or gives credentials, and only for registries that it names. The same text as NO_PROXY
// excepts a URL or does not.
#include "shared/origin/auth_file.hpp"

#include "shared/core/check.hpp"
#include "shared/origin/proxies.hpp"
#include "tests/fuzz/expanded.hpp"

using namespace shoal;
using namespace shoal::origin;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text = expanded(data, size);
  const auto file = parse_auth_file(text);
  for (const char* registry : {"https://reg.test:5000", "https://registry-1.docker.io", "http://10.0.0.1", "https://[fd00::1]:1"}) {
    const http::Url url = *http::parse_url(registry);
    if (is_excepted(text, url)) SHOAL_CHECK(is_excepted(text + ",x.test", url));
    if (!file) continue;
    const auto choice = choose(*file, url, "team/app");
    const bool is_chosen = choice && (choice->credential || !choice->helper.empty());
    if (is_chosen) SHOAL_CHECK(names_registry(*file, url));
  }
  return 0;
}
