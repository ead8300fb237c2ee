// Any bytes as WWW-Authenticate, as a token endpoint's answer, as a redirect's path, as Content-Range, as a repository or
// tag: what is accepted is bounded and can stand in a header or a path.
#include "shared/core/check.hpp"
#include "shared/origin/layer_stream.hpp"
#include "shared/origin/places.hpp"
#include "shared/origin/token.hpp"

using namespace shoal;
using namespace shoal::origin;

namespace {

bool is_safe(std::string_view text) {
  return text.find_first_of(std::string_view(" \r\n\t\0", 5)) == std::string_view::npos;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  static const http::Url registry{"https", "reg.example.com", 443, ""};
  const auto challenges = parse_challenges(text);
  SHOAL_CHECK(challenges.size() <= 8);
  for (const Challenge& challenge : challenges) {
    SHOAL_CHECK(!challenge.scheme.empty() && challenge.parameters.size() <= 16);
    const auto url = token_url(challenge, registry, scope_of("library/a"));
    SHOAL_CHECK(!url || (url->scheme == "https" && is_safe(url->target) &&
                         url->target.ends_with("scope=repository%3Alibrary%2Fa%3Apull")));
    const std::string named = repository_of(challenge);
    SHOAL_CHECK(named.empty() || is_repository_name(named));
  }
  const auto token = parse_token(bytes_of(text));
  SHOAL_CHECK(!token || (is_safe(token->text.reveal()) && !token->text.empty() && token->lifetime >= Milliseconds::zero()));
  const auto repository = repository_in(text);
  SHOAL_CHECK(!repository || is_repository_name(*repository));
  const auto range = parse_content_range(text);
  SHOAL_CHECK(!range || range->last < range->total);
  SHOAL_CHECK(!is_repository_name(text) || (is_safe(text) && text.find("..") == std::string_view::npos));
  SHOAL_CHECK(!is_tag(text) || is_safe(text));
  return 0;
}
