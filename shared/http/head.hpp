// Head: the head of a message from outside, parsed and checked. Source: RFC 9112.
//
// A request's is read strictly, by Beast's parser. What is refused beyond Beast's own rules (several lengths, several
// Hosts, folded lines, a body in a GET) is what proxies are known to read in different ways: request smuggling.
// An answer's is read as Go's and curl's clients read it, which every registry is tried with: a line that means nothing
// does not cost the answer. Where the body ends is never guessed.
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

inline constexpr std::size_t largest_request_head = 64 << 10;   // tokens of some identity providers have 40 KiB
inline constexpr std::size_t largest_response_head = 64 << 10;  // registries with long Link and cookie headers
inline constexpr std::size_t most_request_headers = 100;  // Apache's number too; runtimes send under 30
inline constexpr std::size_t most_response_headers = 1'000;

// The bytes up to and with the empty line that ends a head; nothing while it is not there.
std::optional<std::size_t> head_length(std::string_view received);
// The same of an answer, whose lines may end without CR.
std::optional<std::size_t> response_head_length(std::string_view received);

struct RequestHead {
  Request request;          // without `client`; a Host that the target names stands for the one in the headers
  bool keep_alive = false;  // may the connection carry another request; never behind a body, which is not read
  bool is_1_0 = false;      // its client knows no chunks
};

// `head` ends with its empty line. `refused` for anything malformed or ambiguous, and for a GET or HEAD with a body. There
// is one Host, but for HTTP/1.0, which may have none. `no_space` when there are too many headers.
Result<RequestHead> parse_request_head(std::string_view head);

struct ResponseHead {
  unsigned status = 0;
  Headers headers;
  std::optional<std::uint64_t> content_length;
  BodyReader body;          // for what follows
  bool keep_alive = false;  // may the connection carry another request behind the body
};

// `head` ends with its empty line. `unavailable` without a status, or when where the body ends is not said or said in two
// ways: lengths that differ, a transfer coding other than chunked. A length beside chunks counts for nothing, and the
// connection is not kept: RFC 9112 section 6.3. The answer to HEAD has no body, whatever its headers say.
Result<ResponseHead> parse_response_head(std::string_view head, bool to_head_request);

}  // namespace shoal::http
