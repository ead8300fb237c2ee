#include "shared/holder/serve.hpp"

#include "shared/holder/protocol.hpp"

namespace shoal::holder {
namespace {

http::Response plain(unsigned status, std::string line) {
  return {.status = status,
          .headers = {{"Content-Type", "text/plain; charset=utf-8"}},
          .body = std::move(line) + "\n",
          .length = {}};
}

}  // namespace

http::Response head(const std::string& content_type, ByteCount length) {
  http::Response head;
  head.headers = {{"Content-Type", content_type.empty() ? "application/octet-stream" : content_type}};
  head.length = length.value;
  return head;
}

void mark_arriving(http::Response& head) {
  head.headers.push_back({arriving_header, "1"});
}

http::Response no_such_path() {
  return plain(404, "no such path");
}

http::Response wrong_method() {
  http::Response response = plain(405, "only GET and HEAD");
  response.headers.push_back({"Allow", "GET, HEAD"});  // RFC 9110 section 15.5.6
  return response;
}

http::Response no_proof() {
  http::Response response = plain(401, "no proof of the swarm key");
  response.headers.push_back({"WWW-Authenticate", "Shoal"});  // RFC 9110 section 15.5.2
  return response;
}

http::Response not_held() {
  return plain(404, "not held here");
}

http::Response too_many() {
  return plain(503, "too many layers are being sent");
}

Task<void> send_file(http::Exchange& exchange, store::VerifiedSpan span, ByteCount length) {
  http::FileSpan bytes{span.file(), span.file()->descriptor(), span.offset(), length.value};
  const Result<void> sent = co_await exchange.send(std::move(bytes));
  static_cast<void>(sent);  // the caller asks again, or another node
}

Task<void> let_leave(Sends& sends, Sends::Send send, ByteCount size, Clock& clock) {
  const Milliseconds rest = sends.taken(send, size, clock.now());
  if (rest > Milliseconds(0)) co_await clock.sleep(rest);
}

}  // namespace shoal::holder
