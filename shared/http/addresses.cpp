#include "shared/http/addresses.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <boost/asio/ip/address.hpp>

namespace shoal::http {
namespace {

using asio::ip::address_v4;
using asio::ip::address_v6;

struct Block4 {
  std::uint32_t first;
  int prefix;  // bits
  Reach reach;
};

constexpr std::uint32_t v4(std::uint32_t a, std::uint32_t b, std::uint32_t c, std::uint32_t d) {
  return a << 24 | b << 16 | c << 8 | d;
}

// The first block that holds an address counts.
constexpr Block4 blocks4[] = {
    {v4(100, 100, 100, 200), 32, Reach::link},  // metadata of Alibaba Cloud, within RFC 6598
    {v4(168, 63, 129, 16), 32, Reach::link},    // the platform's own address in Azure, among public ones
    {v4(0, 0, 0, 0), 8, Reach::link},           // "this network"; Linux connects 0.0.0.0 to itself
    {v4(10, 0, 0, 0), 8, Reach::network},
    {v4(100, 64, 0, 0), 10, Reach::network},
    {v4(127, 0, 0, 0), 8, Reach::machine},
    {v4(169, 254, 0, 0), 16, Reach::link},  // 169.254.169.254 among them
    {v4(172, 16, 0, 0), 12, Reach::network},
    {v4(192, 0, 0, 0), 24, Reach::link},      // IETF protocol assignments; 192.0.0.192 is metadata of Oracle Cloud
    {v4(192, 0, 2, 0), 24, Reach::link},      // documentation
    {v4(192, 88, 99, 0), 24, Reach::link},    // 6to4 relays, withdrawn
    {v4(192, 168, 0, 0), 16, Reach::network},
    {v4(198, 18, 0, 0), 15, Reach::network},  // benchmarks: used in laboratories as a private network
    {v4(198, 51, 100, 0), 24, Reach::link},   // documentation
    {v4(203, 0, 113, 0), 24, Reach::link},    // documentation
    {v4(224, 0, 0, 0), 4, Reach::link},       // multicast
    {v4(240, 0, 0, 0), 4, Reach::link},       // reserved, and the broadcast address
    {v4(0, 0, 0, 0), 0, Reach::everywhere},
};

struct Block6 {
  std::array<std::uint16_t, 8> first;
  int prefix;  // bits
  Reach reach;
};

constexpr Block6 blocks6[] = {
    {{0xfd00, 0xec2}, 32, Reach::link},                              // local services of AWS: fd00:ec2::254, ::23
    {{0xfd20, 0xce, 0, 0, 0, 0, 0, 0x254}, 128, Reach::link},        // metadata of Google Cloud
    {{0xfd00, 0xc1, 0, 0, 0, 0, 0xa9fe, 0xa9fe}, 128, Reach::link},  // metadata of Oracle Cloud
    {{0xfd00, 0x42, 0, 0, 0, 0, 0, 0x42}, 128, Reach::link},         // metadata of Scaleway
    {{0xfc00}, 7, Reach::network},
    {{0xfec0}, 10, Reach::network},  // site-local, withdrawn: still used as private
    {{0x2001}, 23, Reach::link},     // IETF protocol assignments: Teredo, ORCHID, benchmarks
    {{0x2001, 0xdb8}, 32, Reach::link},
    {{0x3fff}, 20, Reach::link},       // documentation too
    {{0x2000}, 3, Reach::everywhere},  // all that is assigned to the public
    {{}, 0, Reach::link},              // link-local, multicast, unspecified, reserved; 64:ff9b:1::/48 hides an IPv4 address
};

// Where an IPv6 address holds an IPv4 one.
struct Embedding {
  std::array<std::uint16_t, 8> first;
  int prefix;          // bits
  std::size_t offset;  // bytes, of the IPv4 address
};

constexpr Embedding embeddings[] = {
    {{0, 0, 0, 0, 0, 0xffff}, 96, 12},       // mapped: RFC 4291
    {{0, 0, 0, 0, 0xffff, 0}, 96, 12},       // translated: RFC 2765
    {{0, 0, 0, 0, 0, 0}, 96, 12},            // compatible: RFC 4291
    {{0x64, 0xff9b, 0, 0, 0, 0}, 96, 12},    // NAT64: RFC 6052
    {{0x2002}, 16, 2},                       // 6to4: RFC 3056
};

bool begins_with(const address_v6::bytes_type& bytes, const std::array<std::uint16_t, 8>& first, int prefix) {
  for (int bit = 0; bit < prefix; ++bit) {
    const auto group = static_cast<std::size_t>(bit / 16);
    const unsigned own = bytes[2 * group] * 256U + bytes[2 * group + 1];
    if (((own ^ first[group]) >> (15 - bit % 16) & 1U) != 0) return false;
  }
  return true;
}

Reach reach_of_v4(std::uint32_t address) {
  const auto holds = [&](const Block4& block) {
    return block.prefix == 0 || (address ^ block.first) >> (32 - block.prefix) == 0;
  };
  return std::find_if(std::begin(blocks4), std::end(blocks4), holds)->reach;
}

Reach reach_of_v6(const address_v6::bytes_type& bytes) {
  if (address_v6(bytes).is_loopback()) return Reach::machine;  // it looks like a compatible one
  for (const Embedding& embedding : embeddings) {
    if (!begins_with(bytes, embedding.first, embedding.prefix)) continue;
    const std::uint8_t* inner = bytes.data() + embedding.offset;
    return reach_of_v4(v4(inner[0], inner[1], inner[2], inner[3]));
  }
  const auto holds = [&](const Block6& block) { return begins_with(bytes, block.first, block.prefix); };
  return std::find_if(std::begin(blocks6), std::end(blocks6), holds)->reach;
}

const char* text(Reach reach) {
  switch (reach) {
    case Reach::everywhere:
      return "a public address";
    case Reach::network:
      return "an address of a private network";
    case Reach::machine:
      return "an address of this machine";
    case Reach::link:
      return "a link-local, metadata or reserved address";
  }
  return "an address";
}

}  // namespace

Reach reach_of(const asio::ip::address& address) {
  return address.is_v4() ? reach_of_v4(address.to_v4().to_uint()) : reach_of_v6(address.to_v6().to_bytes());
}

bool Reaches::allows(Reach reach) const {
  switch (reach) {
    case Reach::everywhere:
      return everywhere;
    case Reach::network:
      return network;
    case Reach::machine:
      return machine;
    case Reach::link:
      return link;
  }
  return false;
}

std::optional<asio::ip::address> literal_address(const std::string& host) {
  const std::string name = host.ends_with('.') ? host.substr(0, host.size() - 1) : host;
  IoError error;
  const auto address = asio::ip::make_address(name, error);
  if (!error) return address;
  if (name == "localhost" || name.ends_with(".localhost")) return address_v4::loopback();  // RFC 6761 section 6.3
  in_addr odd{};
  if (::inet_aton(name.c_str(), &odd) != 0) return address_v4(ntohl(odd.s_addr));
  return std::nullopt;
}

Error not_allowed(const std::string& host, const asio::ip::address& address) {
  return {ErrorKind::refused, host + ": " + address.to_string() + " is " + text(reach_of(address)) +
                                  ", where no answer of a registry may lead; if it is right, name the host in `realms` or "
                                  "`redirects` of [upstreams...]"};
}

}  // namespace shoal::http
