// HttpOrigin: a server of cpp-httplib on a free loopback port, plain or TLS: the counterpart that is not ours.
#pragma once

#include <httplib.h>

#include <memory>
#include <string>
#include <thread>

namespace shoal::test {

class HttpOrigin {
 public:
  HttpOrigin() : server_(std::make_unique<httplib::Server>()) {}
  HttpOrigin(const std::string& certificate, const std::string& key)
      : server_(std::make_unique<httplib::SSLServer>(certificate.c_str(), key.c_str())), scheme_("https") {}
  // It requires a certificate of its clients, by that authority.
  HttpOrigin(const std::string& certificate, const std::string& key, const std::string& client_ca)
      : server_(std::make_unique<httplib::SSLServer>(certificate.c_str(), key.c_str(), client_ca.c_str())),
        scheme_("https") {}
  ~HttpOrigin() {
    if (!thread_.joinable()) return;
    server_->stop();
    thread_.join();
  }

  httplib::Server& routes() { return *server_; }

  // After the routes are set. Port by port the same server would be asked from now on.
  void start(std::size_t requests_of_a_connection = 1) {
    server_->set_tcp_nodelay(true);
    server_->set_keep_alive_max_count(requests_of_a_connection);
    port_ = server_->bind_to_any_port("127.0.0.1");
    thread_ = std::thread([this] { server_->listen_after_bind(); });
    while (!server_->is_running()) std::this_thread::yield();
  }
  int port() const { return port_; }
  std::string authority() const { return "127.0.0.1:" + std::to_string(port_); }
  std::string url(const std::string& path = "") const { return scheme_ + "://" + authority() + path; }

 private:
  std::unique_ptr<httplib::Server> server_;
  std::string scheme_ = "http";
  int port_ = 0;
  std::thread thread_;
};

}  // namespace shoal::test
