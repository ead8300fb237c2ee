// Names: the addresses of host names, each name looked up once at a time, on four threads: up to three names whose
// server is silent delay no other name. Asio's resolver has one thread for all names, and it does a lookup that was
// given up nevertheless: six names that took a second each delayed the next one by 5.6 s.
//
// A service of the loop (asio::use_service), gone with it, once the lookups under way have ended. Threads: the loop.
#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/thread_pool.hpp>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "shared/core/clock.hpp"
#include "shared/core/result.hpp"

namespace shoal::http {

using Endpoints = std::vector<asio::ip::tcp::endpoint>;

class Names final : public asio::execution_context::service {
 public:
  static asio::execution_context::id id;
  explicit Names(asio::execution_context& context) : service(context) {}

  // At least one and at most eight; `unavailable` when there is none, or none within `limit`.
  Task<Result<Endpoints>> resolve(Clock& clock, std::string host, std::uint16_t port, Milliseconds limit);

 private:
  struct Lookup {
    bool done = false;
    IoError error;
    Endpoints endpoints;  // without their port
    std::vector<Clock::Timer> waiting;
  };

  void shutdown() override;
  std::shared_ptr<Lookup> look_up(const std::string& host, const asio::any_io_executor& executor);

  std::map<std::string, std::shared_ptr<Lookup>> running_;  // by host
  asio::thread_pool threads_{4};
};

}  // namespace shoal::http
