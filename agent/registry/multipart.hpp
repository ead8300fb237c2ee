// Multipart: the text around the parts of an answer to several ranges (multipart/byteranges).
// Source: RFC 9110 section 14.6; RFC 2046 section 5.1.
#pragma once

#include <string>
#include <vector>

#include "agent/registry/range.hpp"

namespace shoal::agent::registry {

class Multipart {
 public:
  // `boundary` is random, so that no layer can be made to contain it.
  Multipart(std::string boundary, std::string part_type, std::uint64_t layer_size_bytes)
      : boundary_(std::move(boundary)), part_type_(std::move(part_type)), layer_size_bytes_(layer_size_bytes) {}

  std::string content_type() const { return "multipart/byteranges; boundary=" + boundary_; }
  std::string head_of(Span part) const;  // before the part's bytes
  std::string end() const { return "\r\n--" + boundary_ + "--\r\n"; }
  std::uint64_t length(const std::vector<Span>& parts) const;  // of the whole body

 private:
  std::string boundary_;
  std::string part_type_;
  std::uint64_t layer_size_bytes_;
};

std::string random_boundary();

}  // namespace shoal::agent::registry
