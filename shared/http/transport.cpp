#include "shared/http/transport.hpp"

#include <openssl/x509v3.h>
#include <unistd.h>

#include <boost/asio/ssl.hpp>
#include <boost/asio/write.hpp>

#include "shared/http/deadline.hpp"
#include "shared/http/dial.hpp"

namespace shoal::http {
namespace {

using asio::ip::tcp;

Error network_error(const char* attempted, const IoError& error, bool expired) {
  return {ErrorKind::unavailable, std::string(attempted) + ": " + (expired ? "no answer in time" : error.message())};
}

// Of a handshake whose certificate was not what failed.
Fault handshake_fault(const IoError& error) {
  if (error.category() != asio::error::get_ssl_category()) return Fault::none;  // the connection broke
  switch (ERR_GET_REASON(static_cast<unsigned long>(error.value()))) {
    case SSL_R_WRONG_VERSION_NUMBER:
    case SSL_R_PACKET_LENGTH_TOO_LONG:
    case SSL_R_HTTP_REQUEST:
    case SSL_R_UNEXPECTED_MESSAGE:
      return Fault::not_tls;
    case SSL_R_UNEXPECTED_EOF_WHILE_READING:
      return Fault::none;
    default:
      return Fault::other_tls;
  }
}

Error certificate_error(long verdict) {
  Fault fault = Fault::issuer_unknown;
  if (verdict == X509_V_ERR_HOSTNAME_MISMATCH || verdict == X509_V_ERR_IP_ADDRESS_MISMATCH) fault = Fault::other_host;
  if (verdict == X509_V_ERR_CERT_HAS_EXPIRED || verdict == X509_V_ERR_CERT_NOT_YET_VALID) fault = Fault::out_of_date;
  return {ErrorKind::refused, std::string("certificate: ") + X509_verify_cert_error_string(verdict), Milliseconds(0),
          fault};
}

// Reading and writing are the same for both streams.
template <class Stream>
class StreamTransport : public Transport {
 public:
  template <class... Arguments>
  explicit StreamTransport(Clock& clock, Arguments&&... arguments)
      : stream_(std::forward<Arguments>(arguments)...),
        deadline_(stream_.get_executor(), clock, [this] { expire(); }) {}

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
    co_return tl::unexpected(network_error("read", error, deadline_.expired()));
  }

  Task<Result<void>> write(std::string text, Milliseconds limit) override {
    IoError error;
    deadline_.arm(limit);
    co_await asio::async_write(stream_, asio::buffer(text), into(error));
    deadline_.disarm();
    if (error) co_return tl::unexpected(network_error("write", error, deadline_.expired()));
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
  Stream stream_;
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

using PlainTransport = StreamTransport<tcp::socket>;

class TlsTransport final : public StreamTransport<asio::ssl::stream<tcp::socket>> {
 public:
  TlsTransport(Clock& clock, tcp::socket socket, asio::ssl::context& context)
      : StreamTransport(clock, std::move(socket), context) {}

  // The host that the certificate must name, and that the handshake asks for (SNI).
  bool expect(const std::string& host) {
    SSL* ssl = stream_.native_handle();
    IoError not_an_address;
    asio::ip::make_address(host, not_an_address);
    if (!not_an_address) return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), host.c_str()) == 1;
    SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    return SSL_set1_host(ssl, host.c_str()) == 1 && SSL_set_tlsext_host_name(ssl, host.c_str()) == 1;
  }

  Task<Result<void>> shake_hands(Milliseconds limit) {
    IoError error;
    deadline_.arm(limit);
    co_await stream_.async_handshake(asio::ssl::stream_base::client, into(error));
    deadline_.disarm();
    if (!error) co_return Result<void>();
    const long verdict = SSL_get_verify_result(stream_.native_handle());
    if (verdict != X509_V_OK) co_return tl::unexpected(certificate_error(verdict));
    Error failed = network_error("TLS handshake", error, deadline_.expired());
    if (!deadline_.expired()) failed.fault = handshake_fault(error);
    co_return tl::unexpected(std::move(failed));
  }
};

Result<void> configure(asio::ssl::context& context, const ClientRequest& request) {
  SSL_CTX_set_min_proto_version(context.native_handle(), TLS1_2_VERSION);
  if (request.insecure) {
    context.set_verify_mode(asio::ssl::verify_none);
    return {};
  }
  context.set_verify_mode(asio::ssl::verify_peer);
  IoError error;
  if (request.ca_file.empty()) {
    context.set_default_verify_paths(error);
  } else {
    if (::access(request.ca_file.c_str(), R_OK) != 0) error = IoError(errno, boost::system::system_category());
    if (!error) context.load_verify_file(request.ca_file, error);
  }
  if (!error) return {};
  const std::string file = request.ca_file.empty() ? "the system's certificates" : "ca " + request.ca_file;
  return tl::unexpected(
      Error{ErrorKind::refused, file + ": " + error.message(), Milliseconds(0), Fault::file_unreadable});
}

Error with_authority(Error error, const Url& url) {
  error.what = url.authority() + ": " + error.what;
  return error;
}

}  // namespace

Task<Result<std::unique_ptr<Transport>>> open_transport(Clock& clock, ClientRequest request) {
  const Time due = clock.now() + request.limits.connect;
  const DialLimits limits{request.limits.connect, request.limits.tcp};
  auto socket = co_await dial(clock, request.url.host, request.url.port, limits);
  if (!socket) co_return tl::unexpected(socket.error());
  if (request.url.scheme != "https") co_return std::make_unique<PlainTransport>(clock, std::move(*socket));

  asio::ssl::context context(asio::ssl::context::tls_client);
  const auto configured = configure(context, request);
  if (!configured) co_return tl::unexpected(configured.error());
  auto transport = std::make_unique<TlsTransport>(clock, std::move(*socket), context);
  if (!transport->expect(request.url.host)) co_return fail(ErrorKind::refused, "this host name cannot be used for TLS");
  const auto left = std::chrono::ceil<Milliseconds>(due - clock.now());
  const auto shaken = co_await transport->shake_hands(std::max(left, Milliseconds(1)));
  if (!shaken) co_return tl::unexpected(with_authority(shaken.error(), request.url));
  co_return std::unique_ptr<Transport>(std::move(transport));
}

}  // namespace shoal::http
