#include "tracker/directory/peer_host.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <array>

namespace shoal::tracker::directory {
namespace {

std::string text_of_address(int family, const void* address) {
  std::array<char, INET6_ADDRSTRLEN> buffer{};
  return inet_ntop(family, address, buffer.data(), buffer.size());
}

}  // namespace

std::string PeerHost::with_port(std::uint16_t port) const {
  return (is_ipv6_ ? "[" + text_ + "]:" : text_ + ":") + std::to_string(port);
}

Result<PeerHost> PeerHost::parse(const std::string& text) {
  const auto bad = [&](const char* why) { return fail(ErrorKind::refused, "peer address " + text + ": " + why); };
  in6_addr six{};
  in_addr four{};
  const bool is_ipv6 = inet_pton(AF_INET6, text.c_str(), &six) == 1;
  if (is_ipv6 && !IN6_IS_ADDR_V4MAPPED(&six)) {
    if (IN6_IS_ADDR_LINKLOCAL(&six)) return bad("link-local");
    if (IN6_IS_ADDR_UNSPECIFIED(&six)) return bad("unspecified");
    return PeerHost(text_of_address(AF_INET6, &six), true, IN6_IS_ADDR_LOOPBACK(&six));
  }
  if (is_ipv6) {
    std::copy_n(six.s6_addr + 12, sizeof four, reinterpret_cast<unsigned char*>(&four));
  } else if (inet_pton(AF_INET, text.c_str(), &four) != 1) {
    return bad("not an IP address");
  }
  const std::uint32_t address = ntohl(four.s_addr);
  if (address >> 16 == 0xa9fe) return bad("link-local");  // 169.254.0.0/16
  if (address == 0) return bad("unspecified");
  return PeerHost(text_of_address(AF_INET, &four), false, address >> 24 == 127);
}

}  // namespace shoal::tracker::directory
