// Any bytes as a token server's answer, up to 256 KiB, and as what is sent to it in a form: what is accepted fits into a
// header, and a form says what it was made of.
#include "shared/origin/oauth2.hpp"

#include <algorithm>

#include "shared/core/check.hpp"
#include "shared/origin/token.hpp"
#include "tests/fuzz/expanded.hpp"

using namespace shoal;
using namespace shoal::origin;

namespace {

bool fits_into_header(const Secret& secret) {
  const std::string_view text = secret.reveal();
  return std::all_of(text.begin(), text.end(), [](char c) { return c > 0x20 && c < 0x7f; });
}

// As a server decodes a value; percent_decode refuses control characters, which a form may have.
std::string decoded(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    out += text[i] == '%' ? static_cast<char>(std::stoi(std::string(text.substr(i + 1, 2)), nullptr, 16)) : text[i];
    if (text[i] == '%') i += 2;
  }
  return out;
}

void check_form(const std::string& text) {
  const Secret form = refresh_form({"key", {"https", "auth.example.com", 443, "/token"}, text, text}, Secret(text));
  SHOAL_CHECK(fits_into_header(form));
  std::map<std::string, std::string> fields;
  for (std::string_view rest = form.reveal(); !rest.empty();) {
    const std::string_view pair = rest.substr(0, rest.find('&'));
    rest.remove_prefix(std::min(pair.size() + 1, rest.size()));
    const std::size_t equals = pair.find('=');
    SHOAL_CHECK(equals != pair.npos && fields.emplace(pair.substr(0, equals), decoded(pair.substr(equals + 1))).second);
  }
  const std::map<std::string, std::string> wanted{{"grant_type", "refresh_token"}, {"client_id", "shoal"},
                                                  {"service", text}, {"scope", text}, {"refresh_token", text}};
  SHOAL_CHECK(fields == wanted);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string text = expanded(data, size);
  text.resize(std::min<std::size_t>(text.size(), largest_token_answer.value));
  const auto token = parse_token(bytes_of(text));
  if (token) {
    SHOAL_CHECK(fits_into_header(token->text) && !token->text.empty() && fits_into_header(token->refresh_token));
    SHOAL_CHECK(token->lifetime >= shortest_lifetime);
  }
  text.resize(std::min<std::size_t>(text.size(), 4'096));
  check_form(text);
  return 0;
}
