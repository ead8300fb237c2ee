// PeerHost: an IP address that peers are told to dial, and whether one address can reach another.
//
// Threads: any; a value.
#pragma once

#include <string>

#include "shared/core/result.hpp"

namespace shoal::tracker::directory {

class PeerHost {
 public:
  // An IPv4 or IPv6 address in text; an IPv4 address mapped into IPv6 becomes IPv4. `refused` for anything else, for
  // the unspecified address, and for link-local ones, which mean nothing to another node.
  static Result<PeerHost> parse(const std::string& text);

  const std::string& text() const { return text_; }
  std::string with_port(std::uint16_t port) const;  // "10.0.0.1:7072", "[fd00::1]:7072"
  // Same family; and a loopback address only from a loopback address.
  bool reachable_from(const PeerHost& other) const {
    return is_ipv6_ == other.is_ipv6_ && is_loopback_ == other.is_loopback_;
  }

 private:
  PeerHost(std::string text, bool is_ipv6, bool is_loopback)
      : text_(std::move(text)), is_ipv6_(is_ipv6), is_loopback_(is_loopback) {}
  std::string text_;
  bool is_ipv6_;
  bool is_loopback_;
};

}  // namespace shoal::tracker::directory
