// Head: the head of a message from outside, parsed by Beast's parser and checked.
// Source: RFC 9112. What is refused beyond Beast's own rules (several lengths, several Hosts, folded lines, a body in a
// GET) is what proxies are known to read in different ways: request smuggling.
//
// Threads: any.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "shared/core/result.hpp"
#include "shared/http/body_reader.hpp"
#include "shared/http/message.hpp"

namespace shoal::http {

inline constexpr std::size_t largest_request_head = 16 << 10;  // a token of 8 KiB, which other servers take, and the rest
inline constexpr std::size_t largest_response_head = 64 << 10;  // registries with long Link and cookie headers

// The bytes up to and with the empty line that ends a head; nothing while it is not there.
std::optional<std::size_t> head_length(std::string_view received);

struct RequestHead {
  Request request;          // without `client`
  bool keep_alive = false;  // may the connection carry another request; never behind a body, which is not read
};

// `head` ends with its empty line. `refused` for anything malformed or ambiguous, and for a GET or HEAD with a body.
Result<RequestHead> parse_request_head(std::string_view head);

struct ResponseHead {
  unsigned status = 0;
  Headers headers;
  std::optional<std::uint64_t> content_length;
  BodyReader body;          // for what follows
  bool keep_alive = false;  // may the connection carry another request behind the body
};

// `head` ends with its empty line. `unavailable` when it is malformed or ambiguous. The answer to HEAD has no body,
// whatever its headers say.
Result<ResponseHead> parse_response_head(std::string_view head, bool to_head_request);

}  // namespace shoal::http
