// BlobAnswer: which bytes of a blob a request gets, and the head and the text around them.
// Source: OCI distribution-spec, pull; RFC 9110 sections 14 and 15.3.7; docs/endpoint.md.
#pragma once

#include "agent/registry/multipart.hpp"
#include "shared/core/digest.hpp"
#include "shared/http/message.hpp"

namespace shoal::agent::registry {

struct BlobAnswer {
  RangeAnswer range;
  std::uint64_t size = 0;              // of the layer
  std::optional<Multipart> multipart;  // with several ranges

  std::uint64_t first() const { return range.spans.empty() ? 0 : range.spans.front().first; }  // byte to be sent
};

// `held`: all of the layer is here.
BlobAnswer choose_answer(const http::Request& request, const Digest& digest, std::uint64_t size, bool held);

http::Response blob_head(const Digest& digest, std::uint64_t length);
http::Response head_of(const BlobAnswer& answer, const Digest& digest);

}  // namespace shoal::agent::registry
