// The answers of the holder protocol: heads, refusals, and a file's bytes by sendfile.
//
// Threads: the loop.
#pragma once

#include "shared/holder/sends.hpp"
#include "shared/http/server.hpp"
#include "shared/store/verified.hpp"

namespace shoal::holder {

http::Response head(const std::string& content_type, ByteCount length);
void mark_arriving(http::Response& head);  // its bytes wait for another node

http::Response no_such_path();  // 404
http::Response wrong_method();  // 405
http::Response no_proof();      // 401
http::Response not_held();      // 404
http::Response too_many();      // 503

// After the head: the first `length` bytes of the span. A client that is gone ends it.
Task<void> send_file(http::Exchange& exchange, store::VerifiedSpan span, ByteCount length);

// After the kernel has taken all of a small layer: until what it keeps will have left too.
Task<void> let_leave(Sends& sends, Sends::Send send, ByteCount size, Clock& clock);

}  // namespace shoal::holder
