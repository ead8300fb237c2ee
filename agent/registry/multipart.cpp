#include "agent/registry/multipart.hpp"

#include "shared/crypto/signing.hpp"

namespace shoal::agent::registry {

std::string random_boundary() {
  return hex_text(random_bytes(16));
}

std::string Multipart::head_of(Span part) const {
  return "\r\n--" + boundary_ + "\r\nContent-Type: " + part_type_ +
         "\r\nContent-Range: " + content_range(part, layer_size_bytes_) + "\r\n\r\n";
}

std::uint64_t Multipart::length(const std::vector<Span>& parts) const {
  std::uint64_t length = end().size();
  for (const Span& part : parts) length += head_of(part).size() + part.length();
  return length;
}

}  // namespace shoal::agent::registry
