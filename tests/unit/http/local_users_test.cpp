#include "shared/http/local_users.hpp"

#include <unistd.h>

#include <boost/asio/ip/v6_only.hpp>
#include <catch2/catch.hpp>

using namespace shoal;
using asio::ip::tcp;

namespace {

struct Connected {
  explicit Connected(const char* address) {
    acceptor.open(tcp::v6());
    acceptor.set_option(asio::ip::v6_only(false));
    acceptor.bind({asio::ip::make_address("::"), 0});
    acceptor.listen();
    client.connect({asio::ip::make_address(address), acceptor.local_endpoint().port()});
  }
  std::uint16_t port() const { return acceptor.local_endpoint().port(); }

  Loop loop;
  tcp::acceptor acceptor{loop};
  tcp::socket client{loop};
};

}  // namespace

TEST_CASE("the kernel tells whose a connection from this machine is, accepted or not, of both families") {
  for (const char* address : {"127.0.0.1", "::1"}) {
    CAPTURE(address);
    Connected connected(address);
    const auto before = http::users_connected_to({connected.port()});
    REQUIRE(before.size() == 1);
    tcp::socket accepted = connected.acceptor.accept();
    const auto users = http::users_connected_to({connected.port()});
    const auto found = users.find(http::local_key(accepted.remote_endpoint(), accepted.local_endpoint()));
    REQUIRE(found != users.end());
    CHECK(found->second == ::getuid());
  }
}

TEST_CASE("the kernel tells the user of one connection, of both families and of an IPv4 address in an IPv6 socket") {
  for (const char* address : {"127.0.0.1", "::1", "::ffff:127.0.0.1"}) {
    CAPTURE(address);
    Connected connected(address);
    Connected other(address);
    tcp::socket accepted = connected.acceptor.accept();
    const tcp::endpoint client = accepted.remote_endpoint();
    CHECK(http::user_of_connection(client, accepted.local_endpoint()) == ::getuid());
    CHECK_FALSE(http::user_of_connection(client, {client.address(), other.port()}));
    CHECK_FALSE(http::user_of_connection({client.address(), connected.port()}, accepted.local_endpoint()));
    connected.client.close();
    CHECK_FALSE(http::user_of_connection(client, accepted.local_endpoint()));
  }
}

TEST_CASE("connections to other ports, and what nobody has open any more, are not told") {
  Connected connected("127.0.0.1");
  Connected other("127.0.0.1");
  tcp::socket accepted = connected.acceptor.accept();
  CHECK(http::users_connected_to({connected.port()}).size() == 1);
  CHECK(http::users_connected_to({connected.port(), other.port()}).size() == 2);
  connected.client.close();
  CHECK(http::users_connected_to({connected.port()}).empty());
  CHECK(http::users_connected_to({}).empty());
}

TEST_CASE("a key is the same for an IPv4 address and its IPv6 form, and without a zone") {
  const auto endpoint = [](const char* address) { return tcp::endpoint{asio::ip::make_address(address), 1}; };
  CHECK(http::local_key(endpoint("::ffff:127.0.0.1"), endpoint("127.0.0.1")) ==
        http::local_key(endpoint("127.0.0.1"), endpoint("::ffff:127.0.0.1")));
  CHECK(http::local_key(endpoint("fe80::1%1"), endpoint("::1")) ==
        http::local_key(endpoint("fe80::1"), endpoint("::1")));
  CHECK(http::local_key(endpoint("10.0.0.1"), endpoint("10.0.0.2")) !=
        http::local_key(endpoint("10.0.0.2"), endpoint("10.0.0.1")));
}
