// Any bytes as a request for a layer from another node: only one with the right proof is a question, and it is about the
// digest that its path names.
#include "shared/holder/protocol.hpp"

#include "shared/core/check.hpp"
#include "shared/http/head.hpp"

using namespace shoal;
using namespace shoal::holder;

namespace {

SwarmKey a_key(int with) {
  SwarmKey key{};
  key.fill(static_cast<std::byte>(with));
  return key;
}

void check(const http::Request& request, bool may_be_proven) {
  const std::vector<SwarmKey> keys{a_key(1), a_key(2)};
  const auto question = parse(request, keys);
  if (!question) {
    const unsigned status = question.error().status;
    SHOAL_CHECK(status == 401 || status == 404 || status == 405);
    SHOAL_CHECK(status == 404 || is_holder_path(request.path));
    return;
  }
  SHOAL_CHECK(may_be_proven && is_holder_path(request.path) && request.path.ends_with("/" + question->digest.text()));
  SHOAL_CHECK(request.method == "GET" || request.method == "HEAD");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  const auto head = http::parse_request_head(text);
  http::Request request;
  if (head) request = head->request;
  if (!head) request = {.method = "GET", .path = text, .query = {}, .headers = {{"Authorization", text}}, .client = {}};
  check(request, false);
  const std::size_t slash = request.path.rfind('/');
  const auto digest = Digest::parse(std::string_view(request.path).substr(slash == request.path.npos ? 0 : slash + 1));
  if (!digest) return 0;
  std::erase_if(request.headers, [](const http::Header& header) { return http::same_name(header.name, "Authorization"); });
  request.headers.push_back({"Authorization", "Shoal " + proof(a_key(2), *digest)});
  check(request, true);
  const bool is_exact = request.path == "/v1/held/" + digest->text() || request.path == "/v1/small/" + digest->text();
  const bool reads = request.method == "GET" || request.method == "HEAD";
  SHOAL_CHECK(parse(request, std::vector<SwarmKey>{a_key(2)}).has_value() == (is_exact && reads));
  request.headers.back().value = "Shoal " + proof(a_key(3), *digest);
  check(request, false);
  return 0;
}
