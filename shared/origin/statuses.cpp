#include "shared/origin/statuses.hpp"

#include <algorithm>

#include "shared/json/reader.hpp"
#include "shared/origin/retry_after.hpp"

namespace shoal::origin {
namespace {

constexpr Milliseconds shortest_rest{1'000};  // after a 429 without a time: the cluster's nodes must not ask together
constexpr ByteCount longest_reason{8 << 10};  // of an error's body; the ones that registries send have some 200 bytes

// "MANIFEST_UNKNOWN": it goes into logs, and must not carry anything else.
bool is_code(std::string_view text) {
  return !text.empty() && text.size() <= Answered::longest_code && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  });
}

std::string one_line(std::string_view text) {
  std::string line(text.substr(0, Answered::longest_message));
  std::replace_if(line.begin(), line.end(), [](char c) { return static_cast<unsigned char>(c) < ' ' || c == 127; }, ' ');
  return line;
}

// Source: OCI distribution-spec, error codes: {"errors": [{"code": ..., "message": ...}]}.
void take_reason(Answered& answered, std::string_view body) {
  int errors = 0;
  std::string code;
  std::string message;
  const auto read = json::read(body, {}, [&](const json::Place& place, const json::Value& value) {
    if (place.is({"errors", json::any_element})) ++errors;
    const auto* text = std::get_if<std::string_view>(&value);
    if (text == nullptr || errors != 1) return;
    if (place.is({"errors", json::any_element, "code"})) code = std::string(*text);
    if (place.is({"errors", json::any_element, "message"})) message = one_line(*text);
  });
  if (!read || !is_code(code)) return;
  answered.code = std::move(code);
  answered.message = std::move(message);
}

}  // namespace

Milliseconds rest_after(const http::ClientResponse& response) {
  const Milliseconds time = retry_after(response.headers());
  return response.status() == 429 ? std::max(time, shortest_rest) : time;
}

ErrorKind kind_of_status(unsigned status) {
  if (status == 404 || status == 410) return ErrorKind::not_found;
  const bool may_pass = status == 408 || status == 421 || status == 425 || status == 429;
  const bool is_refusal = status >= 400 && status < 500 && status != 416 && !may_pass;
  return is_refusal ? ErrorKind::refused : ErrorKind::unavailable;
}

Answered answered_by(unsigned status, const http::Headers& headers, std::string_view body) {
  Answered answered{.status = status,
                    .challenges = http::header_lines(headers, "WWW-Authenticate"),
                    .code = {},
                    .message = {}};
  take_reason(answered, body);
  return bounded(std::move(answered));
}

Task<Error> error_of_answer(std::string what, std::unique_ptr<http::ClientResponse> response) {
  const unsigned status = response->status();
  const auto body = co_await http::read_all(*response, longest_reason);
  Answered answered = answered_by(status, response->headers(), body ? text_of(*body) : std::string_view());
  std::string text = what + ": the origin answers " + std::to_string(status);
  if (!answered.code.empty()) text += " " + answered.code;
  const auto said = http::find_header(response->headers(), "Retry-After");
  if (said) text += ", retry after " + *said;
  Error error{kind_of_status(status), std::move(text), rest_after(*response)};
  error.answered = std::move(answered);
  co_return error;
}

}  // namespace shoal::origin
