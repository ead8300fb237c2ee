// What a `listen` key opens.
#include "shared/http/listening.hpp"

#include <catch2/catch.hpp>
#include <sys/socket.h>
#include <unistd.h>

#include "shared/core/result.hpp"
#include "shared/http/acceptors.hpp"

using namespace shoal;
using namespace shoal::http;

namespace {

std::vector<std::string> opened(const ListenAddresses& addresses) {
  Loop loop;
  std::vector<std::string> texts;
  for (const auto& acceptor : listen_at(loop, addresses, "test")) texts.push_back(text_of_endpoint(acceptor.local_endpoint()));
  return texts;
}

bool has_ipv6() {
  const int probe = ::socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (probe >= 0) ::close(probe);
  return probe >= 0;
}

std::string failure(const ListenAddresses& addresses) {
  Loop loop;
  try {
    static_cast<void>(listen_at(loop, addresses, "test"));
  } catch (const StartError& error) {
    return error.what();
  }
  return "";
}

}  // namespace

TEST_CASE("all addresses of IPv6 alone means both families, on one port") {
  const auto texts = opened("[::]:0");
  const std::string port = texts.at(0).substr(texts[0].rfind(':'));
  CHECK(texts[0] == "0.0.0.0" + port);
  if (!has_ipv6()) return;
  REQUIRE(texts.size() == 2);
  CHECK(texts[1] == "[::]" + port);
}

TEST_CASE("several addresses are opened, each once, and port 0 is the same free one for all") {
  const auto texts = opened(std::vector<std::string>{"127.0.0.1:0", "127.0.0.2:0"});
  REQUIRE(texts.size() == 2);
  CHECK(texts[0].substr(texts[0].rfind(':')) == texts[1].substr(texts[1].rfind(':')));
  if (!has_ipv6()) return;
  const auto both = opened(std::vector<std::string>{"0.0.0.0:0", "[::]:0"});
  CHECK(both.size() == 2);
}

TEST_CASE("an address that cannot be opened is named with the cause and what to do") {
  Loop loop;
  const auto first = listen_at(loop, "127.0.0.1:0", "first");
  const std::string taken = text_of_endpoint(first[0].local_endpoint());
  CHECK(failure(taken) == "test: cannot listen on " + taken + ": Address already in use; is another process using that port?");
  CHECK(failure("192.0.2.1:7072") ==
        "test: cannot listen on 192.0.2.1:7072: Cannot assign requested address; no interface of this machine has that "
        "address; configure another");
  CHECK(failure("localhost:7072") == "test: listen: \"localhost\" is not an IP address");
  CHECK(failure(std::vector<std::string>{}) == "test: listen: no address");
}

TEST_CASE("the one address that is no wildcard is where others reach a listener") {
  CHECK(only_address("10.0.0.1:7072") == "10.0.0.1");
  CHECK(only_address("[2001:db8::1]:7072") == "2001:db8::1");
  CHECK(only_address("0.0.0.0:7072").empty());
  CHECK(only_address("[::]:7072").empty());
  CHECK(only_address("169.254.1.1:7072").empty());
  CHECK(only_address("[fe80::1]:7072").empty());
  CHECK(only_address(std::vector<std::string>{"10.0.0.1:7072", "[2001:db8::1]:7072"}).empty());
}

TEST_CASE("a key says which families it takes") {
  const auto is = [](const ListenAddresses& addresses, bool ipv4, bool ipv6) {
    const Families families = families_of(addresses);
    return families.ipv4 == ipv4 && families.ipv6 == ipv6;
  };
  CHECK(is("[::]:7072", true, true));
  CHECK(is("[::1]:7072", false, true));
  CHECK(is("0.0.0.0:7072", true, false));
  CHECK(is(std::vector<std::string>{"10.0.0.1:7072", "[::]:7072"}, true, true));
}
