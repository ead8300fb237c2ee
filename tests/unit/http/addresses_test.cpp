// How far an address reaches, in every notation that means it.
#include "shared/http/addresses.hpp"

#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/network_v4.hpp>
#include <catch2/catch.hpp>
#include <random>

using namespace shoal;
using http::Reach;
using http::reach_of;

namespace {

Reach reach(const std::string& address) {
  return reach_of(asio::ip::make_address(address));
}

// The IPv6 addresses that hold an IPv4 one, as RFC 4291, 2765, 6052 and 3056 write them.
std::vector<std::string> forms_of(const asio::ip::address_v4& inner) {
  const auto bytes = inner.to_bytes();
  char relay[64];
  std::snprintf(relay, sizeof relay, "2002:%02x%02x:%02x%02x::1", bytes[0], bytes[1], bytes[2], bytes[3]);
  const std::string text = inner.to_string();
  return {text, "::ffff:" + text, "::ffff:0:" + text, "64:ff9b::" + text, relay};
}

struct Block {
  const char* network;
  Reach reach;
};

// The first one that holds an address counts.
constexpr Block private_blocks[] = {
    {"100.100.100.200/32", Reach::link}, {"168.63.129.16/32", Reach::link}, {"0.0.0.0/8", Reach::link},
    {"10.0.0.0/8", Reach::network},      {"100.64.0.0/10", Reach::network}, {"127.0.0.0/8", Reach::machine},
    {"169.254.0.0/16", Reach::link},     {"172.16.0.0/12", Reach::network}, {"192.0.0.0/24", Reach::link},
    {"192.0.2.0/24", Reach::link},       {"192.88.99.0/24", Reach::link},   {"192.168.0.0/16", Reach::network},
    {"198.18.0.0/15", Reach::network},   {"198.51.100.0/24", Reach::link},  {"203.0.113.0/24", Reach::link},
    {"224.0.0.0/3", Reach::link},
};

Reach expected(const asio::ip::address_v4& address) {
  for (const Block& block : private_blocks) {
    const auto network = asio::ip::make_network_v4(block.network);
    const auto host = asio::ip::make_network_v4(address, 32);
    if (host == network || host.is_subnet_of(network)) return block.reach;
  }
  return Reach::everywhere;
}

}  // namespace

TEST_CASE("public addresses reach everywhere, also next to a private block") {
  for (const char* address :
       {"1.1.1.1", "8.8.8.8", "9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0", "126.255.255.255", "128.0.0.0",
        "169.253.255.255", "169.255.0.0", "172.15.255.255", "172.32.0.0", "192.167.255.255", "192.169.0.0", "192.0.1.0",
        "198.17.255.255", "198.20.0.0", "168.63.129.15", "223.255.255.255", "2606:4700::1111", "2a00::1", "2001:4860::8888",
        "2001:200::1", "2002:808:808::1", "64:ff9b::8.8.8.8", "::ffff:8.8.8.8", "::8.8.8.8"}) {
    INFO(address);
    CHECK(reach(address) == Reach::everywhere);
  }
}

TEST_CASE("private addresses reach this network, and loopback this machine") {
  for (const char* address : {"10.0.0.1", "10.255.255.255", "172.16.0.1", "172.31.255.255", "192.168.0.1", "100.64.0.1",
                              "100.127.255.255", "198.18.0.1", "fd00::1", "fc00::1", "fdff::1", "fec0::1", "::ffff:10.0.0.1",
                              "::10.0.0.1", "64:ff9b::192.168.1.1", "2002:a00:1::1"}) {
    INFO(address);
    CHECK(reach(address) == Reach::network);
  }
  for (const char* address : {"127.0.0.1", "127.255.255.255", "::1", "::ffff:127.0.0.1", "::127.0.0.1", "64:ff9b::7f00:1",
                              "2002:7f00:1::", "::ffff:0:127.0.0.1"}) {
    INFO(address);
    CHECK(reach(address) == Reach::machine);
  }
}

TEST_CASE("metadata, link-local, unspecified, multicast and reserved addresses reach a link, in every form") {
  for (const char* address :
       {"169.254.169.254", "169.254.170.2", "fd00:ec2::254", "fd00:ec2::23", "100.100.100.200", "192.0.0.192",
        "168.63.129.16", "fd20:ce::254", "fd00:c1::a9fe:a9fe", "fd00:42::42", "0.0.0.0", "0.1.2.3", "::", "169.254.0.1",
        "fe80::1", "febf::1", "224.0.0.1", "239.255.255.255", "240.0.0.1", "255.255.255.255", "ff02::1", "192.0.2.1",
        "2001:db8::1", "2001::1", "2001:1ff::1", "3fff::1", "100::1", "4000::1", "64:ff9b:1::a9fe:a9fe",
        "::ffff:169.254.169.254", "::169.254.169.254", "64:ff9b::169.254.169.254", "2002:a9fe:a9fe::",
        "::ffff:100.100.100.200", "64:ff9b::168.63.129.16", "::ffff:0.0.0.0", "::2"}) {
    INFO(address);
    CHECK(reach(address) == Reach::link);
  }
}

TEST_CASE("2,000 addresses, drawn from every block and its borders, count alike in every form that holds them") {
  std::mt19937 random(18);
  std::vector<asio::ip::address_v4> drawn;
  for (const Block& block : private_blocks) {
    const auto network = asio::ip::make_network_v4(block.network);
    const std::uint32_t first = network.network().to_uint();
    const std::uint32_t last = network.broadcast().to_uint();
    for (const std::uint32_t border : {first - 1, first, last, last + 1}) drawn.emplace_back(border);
    for (int i = 0; i < 15; ++i) drawn.emplace_back(first + random() % (last - first + 1));
  }
  while (drawn.size() < 400) drawn.emplace_back(static_cast<std::uint32_t>(random()));
  std::size_t checked = 0;
  for (const auto& inner : drawn) {
    for (const std::string& form : forms_of(inner)) {
      INFO(form);
      REQUIRE(reach(form) == expected(inner));
      ++checked;
    }
  }
  CHECK(checked >= 2'000);
}

TEST_CASE("an address is allowed when its reach is") {
  const http::Reaches all;
  const http::Reaches public_only{.network = false, .machine = false, .link = false};
  for (const Reach each : {Reach::everywhere, Reach::network, Reach::machine, Reach::link}) {
    CHECK(all.allows(each));
    CHECK(public_only.allows(each) == (each == Reach::everywhere));
  }
  CHECK_FALSE(http::Reaches{.everywhere = false}.allows(Reach::everywhere));
  CHECK_FALSE(http::Reaches{.network = false}.allows(Reach::network));
}

TEST_CASE("an address is seen in every notation that a resolver takes, and a name in none") {
  for (const char* host : {"127.0.0.1", "127.0.0.1.", "127.1", "0x7f000001", "0x7f.1", "017700000001", "2130706433",
                           "localhost", "localhost.", "a.localhost", "::1", "::ffff:127.0.0.1"}) {
    INFO(host);
    const auto address = http::literal_address(host);
    REQUIRE(address);
    CHECK(reach_of(*address) == Reach::machine);
  }
  for (const char* name : {"registry.example.com", "127.0.0.1.example.com", "localhost.example.com", "a", "1.2.3.4.5", ""}) {
    INFO(name);
    CHECK_FALSE(http::literal_address(name));
  }
}

TEST_CASE("the error names the host, what its address is, and what to configure") {
  const Error error = http::not_allowed("cdn.example.com", asio::ip::make_address("10.0.0.7"));
  CHECK(error.kind == ErrorKind::refused);
  CHECK_THAT(error.what, Catch::StartsWith("cdn.example.com: 10.0.0.7 is an address of a private network"));
  CHECK_THAT(error.what, Catch::Contains("`redirects` of [upstreams"));
}
