#include "shared/origin/discretion.hpp"

#include <algorithm>

#include "shared/origin/origin.hpp"

namespace shoal::origin {
namespace {

constexpr std::size_t shortest = 6;         // what is shorter stands in any text by chance
constexpr std::size_t shortest_value = 16;  // of a query: a signature, a key's name, a session's token

void add(std::vector<Secret>& secrets, std::string_view text, std::size_t least) {
  if (text.size() >= least) secrets.emplace_back(text);
}

// Empty when the mark does not occur.
std::string_view behind(std::string_view text, char mark) {
  const std::size_t place = text.find(mark);
  return place == std::string_view::npos ? std::string_view() : text.substr(place + 1);
}

// "Basic BASE64" is its base64, and its password; "Bearer TOKEN" its token.
std::vector<Secret> secrets_of(const Secret& authorization, const http::Url& asked) {
  std::vector<Secret> secrets;
  const std::string_view text = behind(authorization.reveal(), ' ');
  add(secrets, text, shortest);
  if (auto bytes = parse_base64(text)) {
    const std::string_view both = text_of(*bytes);
    add(secrets, behind(both, ':'), shortest);
    wipe(*bytes);
  }
  for (std::string_view query = behind(asked.target, '?'); !query.empty(); query = behind(query, '&')) {
    const std::string_view value = behind(query.substr(0, query.find('&')), '=');
    add(secrets, value, shortest_value);
    if (const auto decoded = http::percent_decode(value)) add(secrets, *decoded, shortest_value);
  }
  return secrets;
}

// Of the same length, since a length may have been told already.
void cover(MutableBytes text, const std::vector<Secret>& secrets) {
  for (const Secret& secret : secrets) {
    const ByteView wanted = bytes_of(secret.reveal());
    for (auto place = text.begin();;) {
      place = std::search(place, text.end(), wanted.begin(), wanted.end());
      if (place == text.end()) break;
      place = std::fill_n(place, wanted.size(), std::byte{'*'});
    }
  }
}

class Discreet final : public http::ClientResponse {
 public:
  Discreet(std::unique_ptr<http::ClientResponse> response, std::vector<Secret> secrets)
      : response_(std::move(response)), secrets_(std::move(secrets)), headers_(response_->headers()) {
    for (http::Header& header : headers_) cover(std::as_writable_bytes(std::span(header.value)), secrets_);
  }

  unsigned status() const override { return response_->status(); }
  const http::Headers& headers() const override { return headers_; }
  std::optional<std::uint64_t> content_length() const override { return response_->content_length(); }
  http::Reach reach() const override { return response_->reach(); }
  void cancel() override { response_->cancel(); }

  Task<Result<ByteView>> next() override {
    if (std::exchange(is_read_, true)) co_return ByteView();
    auto body = co_await http::read_all(*response_, largest_manifest);
    if (!body) co_return tl::unexpected(body.error());
    body_ = std::move(*body);
    cover(body_, secrets_);
    co_return ByteView(body_);
  }

 private:
  std::unique_ptr<http::ClientResponse> response_;
  std::vector<Secret> secrets_;
  http::Headers headers_;
  Bytes body_;
  bool is_read_ = false;
};

}  // namespace

std::unique_ptr<http::ClientResponse> without_secrets(std::unique_ptr<http::ClientResponse> response,
                                                      const Secret& authorization, const http::Url& asked) {
  auto secrets = secrets_of(authorization, asked);
  if (secrets.empty()) return response;
  return std::make_unique<Discreet>(std::move(response), std::move(secrets));
}

}  // namespace shoal::origin
