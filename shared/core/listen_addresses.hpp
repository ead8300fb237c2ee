// ListenAddresses: what a `listen` key says, one address with a port or several: "127.0.0.1:7070", "[::1]:7070".
// Port 0 takes a free one. http::listen_at opens them.
//
// Threads: any.
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace shoal::inline core {

class ListenAddresses {
 public:
  ListenAddresses() = default;
  ListenAddresses(const char* one) : list_{one} {}
  ListenAddresses(std::string one) : list_{std::move(one)} {}
  ListenAddresses(std::vector<std::string> list) : list_(std::move(list)) {}

  const std::vector<std::string>& list() const { return list_; }
  bool empty() const { return list_.empty(); }
  friend bool operator==(const ListenAddresses&, const ListenAddresses&) = default;

 private:
  std::vector<std::string> list_;
};

}  // namespace shoal::inline core
