#include "shared/http/listening.hpp"

#include <fcntl.h>

#include <algorithm>
#include <boost/asio/ip/v6_only.hpp>
#include <cerrno>
#include <optional>

#include "shared/http/acceptors.hpp"
#include "shared/http/server.hpp"

namespace shoal::http {
namespace {

using asio::ip::tcp;

struct Place {
  tcp::endpoint endpoint;
  bool is_optional = false;  // of a family that the machine need not have
};

Result<tcp::endpoint> parse_endpoint(const std::string& text) {
  const auto parts = parse_host_port(text);
  if (!parts) return tl::unexpected(parts.error());
  IoError error;
  const auto address = asio::ip::make_address(parts->host, error);
  if (error) return fail(ErrorKind::refused, "\"" + parts->host + "\" is not an IP address");
  return tcp::endpoint{address, parts->port};
}

std::vector<tcp::endpoint> valid_endpoints(const ListenAddresses& addresses) {
  std::vector<tcp::endpoint> endpoints;
  for (const std::string& text : addresses.list()) {
    if (const auto endpoint = parse_endpoint(text)) endpoints.push_back(*endpoint);
  }
  return endpoints;
}

bool is_link_local(const asio::ip::address& address) {
  return address.is_v6() ? address.to_v6().is_link_local() : address.to_v4().to_uint() >> 16 == 0xa9fe;
}

bool is_v4(const tcp::endpoint& endpoint) {
  return endpoint.address().is_v4();
}

std::vector<Place> places_of(const ListenAddresses& addresses, const std::string& name) {
  std::vector<tcp::endpoint> endpoints;
  for (const std::string& text : addresses.list()) {
    const auto endpoint = parse_endpoint(text);
    if (!endpoint) throw StartError(name + ": listen: " + endpoint.error().what);
    endpoints.push_back(*endpoint);
  }
  const bool names_v4 = std::any_of(endpoints.begin(), endpoints.end(), is_v4);
  std::vector<Place> places;
  for (const tcp::endpoint& endpoint : endpoints) {
    const bool is_both = !names_v4 && endpoint.address().is_unspecified();
    if (is_both) places.push_back({{asio::ip::address_v4::any(), endpoint.port()}, false});
    places.push_back({endpoint, is_both});
  }
  if (places.empty()) throw StartError(name + ": listen: no address");
  return places;
}

std::string what_to_do(const IoError& error) {
  if (error == asio::error::address_in_use) return "is another process using that port?";
  if (error.value() == EADDRNOTAVAIL) return "no interface of this machine has that address; configure another";
  if (error == asio::error::access_denied) return "a port below 1024 needs CAP_NET_BIND_SERVICE; configure another";
  return "free the address or configure another";
}

tcp::acceptor open(Loop& loop, const tcp::endpoint& endpoint, bool is_closed) {
  tcp::acceptor acceptor(loop);
  acceptor.open(endpoint.protocol());
  ::fcntl(acceptor.native_handle(), F_SETFD, FD_CLOEXEC);
  acceptor.set_option(tcp::acceptor::reuse_address(true));
  if (endpoint.address().is_v6()) acceptor.set_option(asio::ip::v6_only(true));  // IPv4 has a socket of its own
  acceptor.bind(endpoint);
  if (!is_closed) acceptor.listen(backlog);
  acceptor.non_blocking(true);
  return acceptor;
}

}  // namespace

std::vector<tcp::acceptor> listen_at(Loop& loop, const ListenAddresses& addresses, const std::string& name,
                                     bool is_closed) {
  std::vector<tcp::acceptor> acceptors;
  for (Place place : places_of(addresses, name)) {
    if (place.endpoint.port() == 0 && !acceptors.empty()) place.endpoint.port(acceptors[0].local_endpoint().port());
    try {
      acceptors.push_back(open(loop, place.endpoint, is_closed));
    } catch (const boost::system::system_error& failure) {
      const IoError error = failure.code();
      if (place.is_optional && error == asio::error::address_family_not_supported) continue;
      throw StartError(name + ": cannot listen on " + text_of_endpoint(place.endpoint) + ": " + error.message() + "; " +
                       what_to_do(error));
    }
  }
  return acceptors;
}

std::string text_of_endpoint(const tcp::endpoint& endpoint) {
  const std::string host = endpoint.address().to_string();
  return (endpoint.address().is_v6() ? "[" + host + "]" : host) + ":" + std::to_string(endpoint.port());
}

ListenAddresses available_addresses(const ListenAddresses& addresses, const std::string& name) {
  Loop unused;
  std::vector<std::string> opened;
  for (const tcp::acceptor& acceptor : listen_at(unused, addresses, name)) {
    opened.push_back(text_of_endpoint(acceptor.local_endpoint()));
  }
  return opened;
}

std::string only_address(const ListenAddresses& addresses) {
  const auto endpoints = valid_endpoints(addresses);
  if (endpoints.size() != 1) return "";
  const asio::ip::address address = endpoints[0].address();
  return address.is_unspecified() || is_link_local(address) ? "" : address.to_string();
}

Families families_of(const ListenAddresses& addresses) {
  Families families;
  const auto endpoints = valid_endpoints(addresses);
  for (const tcp::endpoint& endpoint : endpoints) (is_v4(endpoint) ? families.ipv4 : families.ipv6) = true;
  const bool is_both = !families.ipv4 && std::any_of(endpoints.begin(), endpoints.end(), [](const tcp::endpoint& each) {
    return each.address().is_unspecified();
  });
  if (is_both) families.ipv4 = true;
  return families;
}

}  // namespace shoal::http
