// Any bytes as a packet of the kernel's answer about sockets: reading it ends, stays within the packet and gives users by
// the addresses of two ends.
#include "shared/http/local_users.hpp"

#include "shared/core/check.hpp"

using namespace shoal;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string packet(reinterpret_cast<const char*>(data), size);
  http::LocalUsers users;
  http::take_packet(packet, users);
  SHOAL_CHECK(users.size() <= size / 72);  // of a socket's entry
  for (const auto& user : users) SHOAL_CHECK(user.first.find(' ') != std::string::npos);
  return 0;
}
