#include "agent/registry/oci_error.hpp"

#include <chrono>
#include <nlohmann/json.hpp>

namespace shoal::agent::registry {

http::Response oci_error(unsigned status, const std::string& code, const std::string& message) {
  const nlohmann::json body = {{"errors", {{{"code", code}, {"message", message}, {"detail", nullptr}}}}};
  http::Response response;
  response.status = status;
  response.headers = {{"Content-Type", "application/json"}};
  response.body = body.dump(-1, ' ', true, nlohmann::json::error_handler_t::replace);
  return response;
}

namespace {

std::string code_of(unsigned status, const std::string& unknown) {
  if (status == 401) return "UNAUTHORIZED";
  if (status == 403) return "DENIED";
  return status == 404 || status == 410 ? unknown : "UNSUPPORTED";
}

// What it says came from another node, perhaps.
bool is_refusal(const Answered& answered) {
  return answered.status >= 400 && answered.status < 500 && answered.status != 408 && answered.status != 429;
}

http::Response unavailable(const Error& error) {
  http::Response response = oci_error(503, "UNAVAILABLE", error.what);
  const auto seconds = std::chrono::ceil<std::chrono::seconds>(error.retry_after).count();
  if (seconds > 0) response.headers.push_back({"Retry-After", std::to_string(seconds)});
  return response;
}

}  // namespace

http::Response oci_error(const Error& error, const std::string& unknown) {
  const bool is_final = error.kind == ErrorKind::not_found || error.kind == ErrorKind::refused;
  if (!is_final) return unavailable(error);
  if (!error.answered || !is_refusal(*error.answered)) return oci_error(404, unknown, error.what);
  const Answered& answered = *error.answered;
  const std::string code = answered.code.empty() ? code_of(answered.status, unknown) : answered.code;
  http::Response response = oci_error(answered.status, code, answered.message.empty() ? error.what : answered.message);
  for (const std::string& challenge : answered.challenges) response.headers.push_back({"WWW-Authenticate", challenge});
  return response;
}

}  // namespace shoal::agent::registry
