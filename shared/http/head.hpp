// Head: the head of a message from outside, parsed by Beast's parser and checked, and the framing of a response's body.
// Source: RFC 9112; the refusals beyond Beast's own are evidence/security.md, section 1.
//
// Threads: any, one at a time for each object.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "shared/core/bytes.hpp"
#include "shared/core/result.hpp"
#include "shared/http/message.hpp"

namespace shoal::http {

inline constexpr std::size_t largest_request_head = 16 << 10;
inline constexpr std::size_t largest_response_head = 64 << 10;  // registries with long Link and cookie headers

// The bytes up to and with the empty line that ends a head; nothing while it is not there.
std::optional<std::size_t> head_length(std::string_view received);

struct RequestHead {
  Request request;          // without `client`
  bool keep_alive = false;  // may the connection carry another request
};

// `head` ends with its empty line. `refused` for anything malformed or ambiguous, and for a request that has a body.
Result<RequestHead> parse_request_head(std::string_view head);

// A response as it arrives: first `head`, then `body` until `finished`.
class ResponseReader {
 public:
  explicit ResponseReader(bool to_head_request);  // the answer to HEAD has no body whatever its headers say
  ~ResponseReader();

  // `head` ends with its empty line. `unavailable` when it is not HTTP.
  Result<void> head(std::string_view head);
  unsigned status() const;
  const Headers& headers() const;
  std::optional<std::uint64_t> content_length() const;

  struct Step {
    std::size_t consumed = 0;  // of the bytes given
    ByteView body;             // within them; may be empty though there is more to come
  };
  // The next stretch of body in `received`; consumes nothing when it needs more bytes first.
  Result<Step> body(ByteView received);
  bool finished() const;
  // The other side has closed. `unavailable` when the body is not complete.
  Result<void> end_of_stream();

 private:
  struct Parser;
  std::unique_ptr<Parser> parser_;
};

}  // namespace shoal::http
