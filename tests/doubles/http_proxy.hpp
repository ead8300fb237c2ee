// HttpProxy: an HTTP proxy on a free loopback port, plain or TLS: CONNECT and the absolute form. Whatever host it is asked
// for, it goes to 127.0.0.1 at the port that it is asked for. It keeps the heads that it received.
#pragma once

#include <atomic>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/write.hpp>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "tests/doubles/loop_thread.hpp"

namespace shoal::test {

class HttpProxy {
  using tcp = asio::ip::tcp;

 public:
  HttpProxy() { start(); }
  HttpProxy(const std::string& certificate, const std::string& key) : scheme_("https") {
    context_.use_certificate_chain_file(certificate);
    context_.use_private_key_file(key, asio::ssl::context::pem);
    start();
  }
  ~HttpProxy() { loop_.stop(); }
  HttpProxy(const HttpProxy&) = delete;
  HttpProxy& operator=(const HttpProxy&) = delete;

  int port() const { return port_; }
  std::string url() const { return scheme_ + "://127.0.0.1:" + std::to_string(port_); }
  // Before the first request. Each is answered with these bytes and the end of the connection.
  void answer_always(std::string answer) { answer_ = std::move(answer); }
  // Before the first request: a head without this line is answered with 407.
  void demand(std::string line) { demanded_ = std::move(line); }
  std::vector<std::string> heads() const {
    const std::lock_guard lock(mutex_);
    return heads_;
  }

 private:
  void start() {
    const tcp::endpoint any(asio::ip::address_v4::loopback(), 0);
    acceptor_ = std::make_unique<tcp::acceptor>(loop_.loop(), any);
    port_ = acceptor_->local_endpoint().port();
    spawn(loop_.loop(), accept());
  }

  Task<void> accept() {
    while (true) {
      IoError error;
      tcp::socket socket = co_await acceptor_->async_accept(into(error));
      if (error) co_return;
      if (scheme_ == "http") {
        spawn(loop_.loop(), serve(std::make_shared<tcp::socket>(std::move(socket))));
      } else {
        spawn(loop_.loop(), shake_hands(std::move(socket)));
      }
    }
  }
  Task<void> shake_hands(tcp::socket socket) {
    const auto stream = std::make_shared<asio::ssl::stream<tcp::socket>>(std::move(socket), context_);
    IoError error;
    co_await stream->async_handshake(asio::ssl::stream_base::server, into(error));
    if (!error) co_await serve(stream);
  }

  template <class Stream>
  Task<void> serve(std::shared_ptr<Stream> client) {
    IoError error;
    std::string received;
    const std::size_t size = co_await asio::async_read_until(*client, asio::dynamic_buffer(received), "\r\n\r\n", into(error));
    if (error) co_return;
    const std::string head = received.substr(0, size);
    {
      const std::lock_guard lock(mutex_);
      heads_.push_back(head);
    }
    std::string refusal = answer_;
    if (head.find(demanded_) == std::string::npos)
      refusal = "HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic realm=\"p\"\r\nContent-Length: 0\r\n\r\n";
    if (!refusal.empty()) {
      co_await asio::async_write(*client, asio::buffer(refusal), into(error));
      co_return;
    }
    const auto origin = std::make_shared<tcp::socket>(loop_.loop());
    const tcp::endpoint place(asio::ip::address_v4::loopback(), port_asked_for(head));
    co_await origin->async_connect(place, into(error));
    const bool is_tunnel = head.starts_with("CONNECT ");
    std::string first = is_tunnel ? "HTTP/1.1 200 Connection established\r\n\r\n" : origin_form(head);
    if (error) first = "HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n";
    if (error || is_tunnel) {
      const bool failed = static_cast<bool>(error);
      co_await asio::async_write(*client, asio::buffer(first), into(error));
      if (failed) co_return;
    } else {
      co_await asio::async_write(*origin, asio::buffer(first), into(error));
    }
    spawn(loop_.loop(), pump(client, origin));
    co_await pump(origin, client);
  }

  // Until one side ends; then both do.
  template <class From, class To>
  static Task<void> pump(std::shared_ptr<From> from, std::shared_ptr<To> to) {
    std::vector<char> block(64 << 10);
    IoError error;
    while (!error) {
      const std::size_t size = co_await from->async_read_some(asio::buffer(block), into(error));
      if (size == 0) continue;
      co_await asio::async_write(*to, asio::buffer(block.data(), size), into(error));
    }
    to->lowest_layer().shutdown(tcp::socket::shutdown_both, error);
    from->lowest_layer().shutdown(tcp::socket::shutdown_both, error);
  }

  // "CONNECT host:443 ..." or "GET http://host:80/path ...".
  static std::uint16_t port_asked_for(const std::string& head) {
    const std::size_t scheme = head.find("://");
    const std::size_t end = scheme == std::string::npos ? head.find(" HTTP/") : head.find('/', scheme + 3);
    return static_cast<std::uint16_t>(std::stoi(head.substr(head.rfind(':', end) + 1)));
  }
  // Without the proxy's own header, and for one answer alone.
  static std::string origin_form(const std::string& head) {
    const std::size_t begin = head.find("http://");
    std::string out = head.substr(0, begin) + head.substr(head.find('/', begin + 7));
    const std::size_t own = out.find("Proxy-Authorization:");
    if (own != std::string::npos) out.erase(own, out.find("\r\n", own) + 2 - own);
    return out;
  }

  LoopThread loop_;
  asio::ssl::context context_{asio::ssl::context::tls_server};
  std::unique_ptr<tcp::acceptor> acceptor_;
  std::string scheme_ = "http";
  std::string answer_;
  std::string demanded_;
  int port_ = 0;
  mutable std::mutex mutex_;
  std::vector<std::string> heads_;
};

}  // namespace shoal::test
