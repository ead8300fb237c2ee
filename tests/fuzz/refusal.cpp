// Any bytes as a registry's refusal: as its body, its Retry-After and its Date. What is passed on of them is bounded, and has
// no secret that the registry was shown.
#include <algorithm>

#include "shared/core/check.hpp"
#include "shared/origin/discretion.hpp"
#include "shared/origin/origin.hpp"
#include "shared/origin/retry_after.hpp"
#include "shared/origin/statuses.hpp"
#include "tests/fuzz/expanded.hpp"

using namespace shoal;
using namespace shoal::origin;

namespace {

constexpr std::string_view token = "t0ken-t0ken";
constexpr std::string_view signature = "0123456789abcdef-signature";

class Refusing final : public http::ClientResponse {
 public:
  Refusing(std::string body, http::Headers headers) : body_(std::move(body)), headers_(std::move(headers)) {}
  unsigned status() const override { return 403; }
  const http::Headers& headers() const override { return headers_; }
  std::optional<std::uint64_t> content_length() const override { return std::nullopt; }
  http::Reach reach() const override { return http::Reach::everywhere; }
  Task<Result<ByteView>> next() override {
    const std::size_t at = std::exchange(at_, std::min<std::size_t>(at_ + 100'000, body_.size()));
    co_return bytes_of(std::string_view(body_).substr(at, at_ - at));
  }
  void cancel() override {}

 private:
  std::string body_;
  http::Headers headers_;
  std::size_t at_ = 0;
};

Task<void> read(http::ClientResponse* response, std::string* into) {
  for (;;) {
    const auto part = co_await response->next();
    if (!part || part->empty()) co_return;
    *into += text_of(*part);
  }
}

bool shows_secret(std::string_view text) {
  return text.find(token) != text.npos || text.find(signature) != text.npos;
}

void check_discretion(const std::string& text) {
  const http::Url asked{"https", "cdn.example.com", 443, "/blob?x=1&sig=" + std::string(signature)};
  auto response = without_secrets(std::make_unique<Refusing>(text, http::Headers{{"X-Said", text}}),
                                  Secret::of({"Bearer ", token}), asked);
  std::string body;
  Loop loop;
  spawn(loop, read(response.get(), &body));
  loop.run();
  SHOAL_CHECK(body.size() == text.size() && !shows_secret(body));
  SHOAL_CHECK(!shows_secret(response->headers()[0].value));
  if (!shows_secret(text)) SHOAL_CHECK(body == text);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text = expanded(data, size);
  const std::string head = text.substr(0, 4'096);
  const http::Headers headers{{"WWW-Authenticate", head}, {"WWW-Authenticate", "Basic"}, {"Retry-After", head}};
  const Answered answered = answered_by(401, headers, text);
  SHOAL_CHECK(answered.status == 401 && answered.challenges.size() <= 2);
  SHOAL_CHECK(answered.code.size() + answered.message.size() <= 2 * 4'096);
  for (const std::string& date : {head, std::string("Sun, 06 Nov 1994 08:49:37 GMT"), std::string()}) {
    const Milliseconds rest = retry_after({{"Retry-After", head}, {"Date", date}});
    SHOAL_CHECK(rest >= Milliseconds::zero() && rest <= longest_retry_after);
    const Milliseconds other = retry_after({{"Retry-After", "Sun, 06 Nov 1994 08:49:37 GMT"}, {"Date", head}});
    SHOAL_CHECK(other >= Milliseconds::zero() && other <= longest_retry_after);
  }
  check_discretion(text);
  check_discretion(head + std::string(token) + head + std::string(signature));
  return 0;
}
