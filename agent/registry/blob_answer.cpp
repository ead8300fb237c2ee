#include "agent/registry/blob_answer.hpp"

#include "agent/registry/conditions.hpp"

namespace shoal::agent::registry {
namespace {

constexpr const char* blob_type = "application/octet-stream";

void set_header(http::Headers& headers, std::string_view name, std::string value) {
  for (http::Header& header : headers) {
    if (http::same_name(header.name, name)) header.value = std::move(value);
  }
}

}  // namespace

BlobAnswer choose_answer(const http::Request& request, const Digest& digest, std::uint64_t size, bool held) {
  BlobAnswer answer{{200, {{0, size}}}, size, {}};
  if (range_counts(http::find_header(request.headers, "If-Range"), digest))
    answer.range = choose_range(http::find_header(request.headers, "Range"), size, held);
  if (answer.range.spans.size() > 1) answer.multipart.emplace(random_boundary(), blob_type, size);
  return answer;
}

http::Response blob_head(const Digest& digest, std::uint64_t length) {
  http::Response response;
  response.length = length;
  response.headers = {{"Content-Type", blob_type},
                      {"Docker-Content-Digest", digest.text()},
                      {"ETag", entity_tag(digest)},
                      {"Accept-Ranges", "bytes"}};
  return response;
}

http::Response head_of(const BlobAnswer& answer, const Digest& digest) {
  const std::vector<Span>& spans = answer.range.spans;
  http::Response head = blob_head(digest, spans.empty() ? 0 : spans.front().length());
  head.status = answer.range.status;
  if (answer.multipart) {
    head.length = answer.multipart->length(spans);
    set_header(head.headers, "Content-Type", answer.multipart->content_type());
  } else if (head.status != 200) {
    head.headers.push_back({"Content-Range", content_range(answer.range, answer.size)});
  }
  return head;
}

}  // namespace shoal::agent::registry
