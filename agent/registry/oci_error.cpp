#include "agent/registry/oci_error.hpp"

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

http::Response oci_error(const Error& error, const std::string& unknown) {
  switch (error.kind) {
    case ErrorKind::not_found:
      return oci_error(404, unknown, error.what);
    case ErrorKind::refused:
      return oci_error(404, unknown, error.what);
    case ErrorKind::corrupt:
    case ErrorKind::no_space:
    case ErrorKind::unavailable:
      return oci_error(503, "UNAVAILABLE", error.what);
  }
  return oci_error(503, "UNAVAILABLE", error.what);
}

}  // namespace shoal::agent::registry
