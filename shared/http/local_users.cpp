#include "shared/http/local_users.hpp"

#include <arpa/inet.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <iterator>

#include "shared/http/acceptors.hpp"

namespace shoal::http {
namespace {

using asio::ip::tcp;

constexpr std::size_t most_users = 65'536;
constexpr timeval longest_silence{0, 200'000};  // of the kernel, which answers at once
// enum of the kernel's include/net/tcp_states.h. A client that has half-closed may be gone: the kernel then names root.
constexpr std::uint32_t open_states = 1U << 1 | 1U << 8;  // ESTABLISHED, CLOSE_WAIT

struct Question {
  nlmsghdr head;
  inet_diag_req_v2 asked;
};

Question question_to(int family, std::uint16_t port) {
  Question question{};
  question.head.nlmsg_len = sizeof question;
  question.head.nlmsg_type = SOCK_DIAG_BY_FAMILY;
  question.head.nlmsg_flags = NLM_F_REQUEST;
  question.asked.sdiag_family = static_cast<std::uint8_t>(family);
  question.asked.sdiag_protocol = IPPROTO_TCP;
  question.asked.idiag_states = open_states;
  question.asked.id.idiag_dport = htons(port);
  return question;
}

bool ask(int netlink, const Question& question) {
  return ::send(netlink, &question, sizeof question, 0) == static_cast<ssize_t>(sizeof question);
}

void put(const asio::ip::address& address, __be32 (&place)[4]) {
  if (address.is_v4()) {
    const auto bytes = address.to_v4().to_bytes();
    std::memcpy(place, bytes.data(), bytes.size());
  } else {
    const auto bytes = address.to_v6().to_bytes();
    std::memcpy(place, bytes.data(), bytes.size());
  }
}

tcp::endpoint endpoint_of(int family, const __be32 (&address)[4], __be16 port) {
  if (family == AF_INET) {
    asio::ip::address_v4::bytes_type bytes;
    std::memcpy(bytes.data(), address, bytes.size());
    return {asio::ip::address_v4(bytes), ntohs(port)};
  }
  asio::ip::address_v6::bytes_type bytes;
  std::memcpy(bytes.data(), address, bytes.size());
  return {asio::ip::address_v6(bytes), ntohs(port)};
}

void note(const char* payload, LocalUsers& users) {
  inet_diag_msg seen;
  std::memcpy(&seen, payload, sizeof seen);
  if (seen.idiag_inode == 0) return;  // no process has it any more
  if ((open_states >> seen.idiag_state & 1U) == 0) return;
  const inet_diag_sockid& id = seen.id;
  const auto client = endpoint_of(seen.idiag_family, id.idiag_src, id.idiag_sport);
  const auto server = endpoint_of(seen.idiag_family, id.idiag_dst, id.idiag_dport);
  users.insert_or_assign(local_key(client, server), seen.idiag_uid);
}

asio::ip::address plain(asio::ip::address address) {
  if (!address.is_v6()) return address;
  auto v6 = address.to_v6();
  if (v6.is_v4_mapped()) return asio::ip::make_address_v4(asio::ip::v4_mapped, v6);
  v6.scope_id(0);
  return v6;
}

// A socket of its own for each question: what is left of an answer that was not read to its end goes with it.
void collect(const Question& question, LocalUsers& users) {
  const int netlink = ::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);
  if (netlink < 0) return;
  ::setsockopt(netlink, SOL_SOCKET, SO_RCVTIMEO, &longest_silence, sizeof longest_silence);
  std::array<char, 32'768> received;
  const bool is_for_all = (question.head.nlmsg_flags & NLM_F_DUMP) == NLM_F_DUMP;
  bool more = ask(netlink, question);
  while (more) {
    const ssize_t size = ::recv(netlink, received.data(), received.size(), 0);
    more = size > 0 && take_packet({received.data(), static_cast<std::size_t>(size)}, users) && is_for_all;
  }
  ::close(netlink);
}

}  // namespace

std::string local_key(const tcp::endpoint& client, const tcp::endpoint& server) {
  return text_of_endpoint({plain(client.address()), client.port()}) + " " +
         text_of_endpoint({plain(server.address()), server.port()});
}

bool take_packet(std::string_view packet, LocalUsers& users) {
  const char* received = packet.data();
  const std::size_t size = packet.size();
  std::size_t at = 0;
  while (at + sizeof(nlmsghdr) <= size) {
    nlmsghdr head;
    std::memcpy(&head, received + at, sizeof head);
    if (head.nlmsg_type == NLMSG_DONE || head.nlmsg_type == NLMSG_ERROR) return false;
    if (head.nlmsg_len < sizeof head || head.nlmsg_len > size - at) return false;
    if (head.nlmsg_len >= NLMSG_HDRLEN + sizeof(inet_diag_msg)) note(received + at + NLMSG_HDRLEN, users);
    at += NLMSG_ALIGN(head.nlmsg_len);
  }
  return users.size() < most_users;
}

LocalUsers users_connected_to(const std::vector<std::uint16_t>& ports) {
  LocalUsers users;
  for (const std::uint16_t port : ports) {
    for (const int family : {AF_INET, AF_INET6}) {
      Question question = question_to(family, port);
      question.head.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
      collect(question, users);
    }
  }
  return users;
}

std::optional<std::uint32_t> user_of_connection(const tcp::endpoint& client, const tcp::endpoint& server) {
  const asio::ip::address from = plain(client.address());
  const asio::ip::address to = plain(server.address());
  if (from.is_v6() != to.is_v6()) return std::nullopt;
  Question question = question_to(from.is_v6() ? AF_INET6 : AF_INET, server.port());
  inet_diag_sockid& id = question.asked.id;
  id.idiag_sport = htons(client.port());
  put(from, id.idiag_src);
  put(to, id.idiag_dst);
  if (client.address().is_v6()) id.idiag_if = static_cast<std::uint32_t>(client.address().to_v6().scope_id());
  std::fill(std::begin(id.idiag_cookie), std::end(id.idiag_cookie), INET_DIAG_NOCOOKIE);
  LocalUsers users;
  collect(question, users);
  const auto found = users.find(local_key(client, server));  // else a listener of the same port
  if (found == users.end()) return std::nullopt;
  return found->second;
}

}  // namespace shoal::http
