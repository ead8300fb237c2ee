#include "agent/registry/relay.hpp"

#include "agent/registry/oci_error.hpp"
#include "shared/origin/statuses.hpp"

namespace shoal::agent::registry {

http::Response relay(const origin::Answer& answer, const std::string& unknown) {
  if (is_failing(answer)) {
    auto unavailable = oci_error(503, "UNAVAILABLE", "the origin answered with status " + std::to_string(answer.status));
    if (!answer.retry_after.empty()) unavailable.headers.push_back({"Retry-After", answer.retry_after});
    return unavailable;
  }
  if (answer.status == 404) {
    const Answered said = origin::answered_by(404, {}, text_of(answer.body));
    const std::string code = said.code.empty() ? unknown : said.code;
    return oci_error(404, code, said.message.empty() ? "the origin does not have it" : said.message);
  }
  http::Response response;
  response.status = answer.status;
  if (!answer.content_type.empty()) response.headers.push_back({"Content-Type", answer.content_type});
  for (const std::string& challenge : answer.challenges) response.headers.push_back({"WWW-Authenticate", challenge});
  response.body = std::string(text_of(answer.body));
  if (response.body.empty()) response.length = answer.length;  // of the body that HEAD leaves out
  return response;
}

Task<Result<origin::Answer>> ask_head(origin::Origin& origin, origin::Repository repository, Digest digest,
                                      Secret authorization) {
  return origin.ask(std::move(repository), "HEAD", "blobs/" + digest.text(), "*/*", std::move(authorization));
}

std::optional<ByteCount> named_size(const Result<origin::Answer>& answer) {
  if (!answer || answer->status != 200 || !answer->length) return std::nullopt;
  return ByteCount{*answer->length};
}

}  // namespace shoal::agent::registry
