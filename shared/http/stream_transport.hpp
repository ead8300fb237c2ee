// StreamTransport: a Transport over a TCP socket, or over TLS on top of another stream. Inside this room only.
//
// Threads: the loop.
#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/write.hpp>
#include <memory>
#include <string>
#include <utility>

#include "shared/http/deadline.hpp"
#include "shared/http/tls.hpp"
#include "shared/http/transport.hpp"

namespace shoal::http {

// Reading and writing are the same for all streams.
template <class Stream>
class StreamTransport : public Transport {
 public:
  template <class... Arguments>
  explicit StreamTransport(Clock& clock, Arguments&&... arguments)
      : stream_(std::forward<Arguments>(arguments)...),
        deadline_(stream_.get_executor(), clock, [this] { expire(); }) {
    IoError gone;
    const auto peer = stream_.lowest_layer().remote_endpoint(gone);
    if (!gone) reach_ = reach_of(peer.address());
  }

  Reach reach() const override { return reach_; }
  // For a further layer on top of it. Nothing else may be done with this object afterwards.
  Stream release() { return std::move(stream_); }

  void cancel() override {
    IoError ignored;
    stream_.lowest_layer().cancel(ignored);
  }

  Task<Result<std::size_t>> read_some(MutableBytes into_bytes, Milliseconds limit) override {
    IoError error;
    deadline_.arm(limit);
    const auto buffer = asio::buffer(into_bytes.data(), into_bytes.size());
    const std::size_t size = co_await stream_.async_read_some(buffer, into(error));
    deadline_.disarm();
    if (size > 0) co_return size;
    if (error == asio::error::eof) co_return std::size_t{0};
    co_return tl::unexpected(failure("read", error));
  }

  Task<Result<void>> write(Secret text, Milliseconds limit) override {
    IoError error;
    deadline_.arm(limit);
    co_await asio::async_write(stream_, asio::buffer(text.reveal()), into(error));
    deadline_.disarm();
    if (error) co_return tl::unexpected(failure("write", error));
    co_return Result<void>();
  }

  void rest(Milliseconds limit) override {
    is_resting_ = true;
    deadline_.arm(limit);
  }
  bool resume() override {
    deadline_.disarm();
    is_resting_ = false;
    if (!stream_.lowest_layer().is_open()) return false;
    // What came meanwhile is the end of the connection, or bytes that are no answer to the next request.
    char byte = 0;
    return ::recv(stream_.lowest_layer().native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT) < 0 && errno == EAGAIN;
  }

 protected:
  virtual Error failure(const char* attempted, const IoError& error) const {
    const std::string cause = deadline_.expired() ? "no answer in time" : error.message();
    return {ErrorKind::unavailable, std::string(attempted) + ": " + cause};
  }

  Stream stream_;
  Reach reach_ = Reach::link;  // of a connection that is gone already: nothing is believed of it
  bool is_resting_ = false;
  Deadline deadline_;

 private:
  void expire() {
    IoError ignored;
    if (is_resting_) {
      stream_.lowest_layer().close(ignored);
    } else {
      cancel();
    }
  }
};

using Plain = asio::ip::tcp::socket;

template <class Lower>
class TlsTransport final : public StreamTransport<asio::ssl::stream<Lower>> {
  using Base = StreamTransport<asio::ssl::stream<Lower>>;

 public:
  TlsTransport(Clock& clock, Lower lower, asio::ssl::context& context) : Base(clock, std::move(lower), context) {}

  // With the server of that name.
  Task<Result<void>> shake_hands(std::string host, Milliseconds limit) {
    if (!expect_host(this->stream_.native_handle(), host))
      co_return fail(ErrorKind::refused, "this host name cannot be used for TLS");
    IoError error;
    this->deadline_.arm(limit);
    co_await this->stream_.async_handshake(asio::ssl::stream_base::client, into(error));
    this->deadline_.disarm();
    if (!error) co_return Result<void>();
    if (this->deadline_.expired()) co_return tl::unexpected(failure("TLS handshake", error));
    co_return tl::unexpected(handshake_error(this->stream_.native_handle(), error));
  }

 protected:
  Error failure(const char* attempted, const IoError& error) const override {
    Error failed = Base::failure(attempted, error);
    if (is_about_our_certificate(error)) failed.fault = Fault::certificate_refused;
    return failed;
  }
};

}  // namespace shoal::http
