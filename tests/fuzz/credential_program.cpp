// Any bytes, up to 64 KiB, as what a credential helper has written: a credential, or an error that shows nothing of them.
#include "shared/core/check.hpp"
#include "shared/origin/credential_program.hpp"
#include "tests/fuzz/expanded.hpp"

using namespace shoal;
using namespace shoal::origin;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string text = expanded(data, size);
  text.resize(std::min<std::size_t>(text.size(), largest_helper_answer.value));
  for (const char* host : {"reg.test", "x.azurecr.io"}) {
    const HelperRun run{"/helper", host, *http::parse_url("https://" + std::string(host))};
    const auto credential = parse_helper_answer(run, Secret(text));
    if (!credential) {
      SHOAL_CHECK(credential.error().kind == ErrorKind::unavailable);
      SHOAL_CHECK(credential.error().what == "/helper gives no JSON with Username and Secret");
      continue;
    }
    SHOAL_CHECK(credential->username.find(':') == std::string::npos && credential->password.size() <= text.size());
    const bool is_token = !credential->refresh_token.empty();
    SHOAL_CHECK(!is_token || credential->refresh_token == credential->password);
    SHOAL_CHECK(basic_header(*credential).reveal().find_first_of("\r\n") == std::string_view::npos);
  }
  return 0;
}
