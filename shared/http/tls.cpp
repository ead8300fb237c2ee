#include "shared/http/tls.hpp"

#include <openssl/x509v3.h>
#include <unistd.h>

namespace shoal::http {
namespace {

Fault fault_of(const IoError& error) {
  if (error.category() != asio::error::get_ssl_category()) return Fault::none;  // the connection broke
  if (is_about_our_certificate(error)) return Fault::certificate_refused;
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

// What OpenSSL says about a file, in the operator's words.
std::string cause_of(const IoError& error) {
  if (error.category() != asio::error::get_ssl_category()) return error.message();
  const auto code = static_cast<unsigned long>(error.value());
  if (ERR_GET_LIB(code) == ERR_LIB_PEM && ERR_GET_REASON(code) == PEM_R_NO_START_LINE) return "no such PEM block in it";
  if (ERR_GET_LIB(code) == ERR_LIB_PEM && ERR_GET_REASON(code) == PEM_R_BAD_PASSWORD_READ)
    return "a key behind a pass phrase cannot be read";
  return error.message();
}

Result<void> unusable(const std::string& file, const std::string& cause) {
  return tl::unexpected(Error{ErrorKind::refused, file + ": " + cause, Milliseconds(0), Fault::file_unreadable});
}

// OpenSSL names a file that is not there by "system lib" only.
IoError access_to(const std::string& file) {
  return ::access(file.c_str(), R_OK) == 0 ? IoError() : IoError(errno, boost::system::system_category());
}

Result<void> trust(asio::ssl::context& context, const TlsFiles& files) {
  if (files.insecure) {
    context.set_verify_mode(asio::ssl::verify_none);
    return {};
  }
  context.set_verify_mode(asio::ssl::verify_peer);
  IoError error;
  if (files.ca_file.empty()) {
    context.set_default_verify_paths(error);
    return error ? unusable("the system's certificates", cause_of(error)) : Result<void>();
  }
  error = access_to(files.ca_file);
  if (!error) context.load_verify_file(files.ca_file, error);
  return error ? unusable("ca " + files.ca_file, cause_of(error)) : Result<void>();
}

Result<void> show(asio::ssl::context& context, const TlsFiles& files) {
  if (files.certificate_file.empty()) return {};
  // The default asks the terminal for the pass phrase of a key.
  SSL_CTX_set_default_passwd_cb(context.native_handle(), [](char*, int, int, void*) { return -1; });
  IoError error = access_to(files.certificate_file);
  if (!error) context.use_certificate_chain_file(files.certificate_file, error);
  if (error) return unusable("client_certificate " + files.certificate_file, cause_of(error));
  const std::string& key_file = files.key_file.empty() ? files.certificate_file : files.key_file;
  error = access_to(key_file);
  if (!error) context.use_private_key_file(key_file, asio::ssl::context::pem, error);
  const bool is_mismatch = error.category() == asio::error::get_ssl_category() &&
                           ERR_GET_LIB(static_cast<unsigned long>(error.value())) == ERR_LIB_X509;
  if (error && !is_mismatch) return unusable("client_key " + key_file, cause_of(error));
  if (!error && SSL_CTX_check_private_key(context.native_handle()) == 1) return {};
  ERR_clear_error();
  return unusable("client_key " + key_file, "it is not the key of client_certificate " + files.certificate_file);
}

}  // namespace

Result<void> configure(asio::ssl::context& context, const TlsFiles& files) {
  SSL_CTX_set_min_proto_version(context.native_handle(), TLS1_2_VERSION);
  // Else a token or a password that came stays in OpenSSL's buffer for as long as the connection is kept.
  SSL_CTX_set_options(context.native_handle(), SSL_OP_CLEANSE_PLAINTEXT);
  const auto trusted = trust(context, files);
  return trusted ? show(context, files) : trusted;
}

bool expect_host(SSL* ssl, const std::string& host) {
  // An absolute name's final dot is in no certificate, and not allowed in SNI: RFC 6066 section 3.
  const std::string name = host.ends_with('.') ? host.substr(0, host.size() - 1) : host;
  IoError not_an_address;
  asio::ip::make_address(name, not_an_address);
  if (!not_an_address) return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), name.c_str()) == 1;
  SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
  return SSL_set1_host(ssl, name.c_str()) == 1 && SSL_set_tlsext_host_name(ssl, name.c_str()) == 1;
}

Error handshake_error(SSL* ssl, const IoError& error) {
  const long verdict = SSL_get_verify_result(ssl);
  const bool is_verified = (SSL_get_verify_mode(ssl) & SSL_VERIFY_PEER) != 0;
  if (is_verified && verdict != X509_V_OK) return certificate_error(verdict);
  return {ErrorKind::unavailable, "TLS handshake: " + error.message(), Milliseconds(0), fault_of(error)};
}

bool is_about_our_certificate(const IoError& error) {
  if (error.category() != asio::error::get_ssl_category()) return false;
  switch (ERR_GET_REASON(static_cast<unsigned long>(error.value()))) {
    case SSL_R_SSLV3_ALERT_BAD_CERTIFICATE:
    case SSL_R_SSLV3_ALERT_UNSUPPORTED_CERTIFICATE:
    case SSL_R_SSLV3_ALERT_CERTIFICATE_REVOKED:
    case SSL_R_SSLV3_ALERT_CERTIFICATE_EXPIRED:
    case SSL_R_SSLV3_ALERT_CERTIFICATE_UNKNOWN:
    case SSL_R_TLSV1_ALERT_UNKNOWN_CA:
    case SSL_R_TLSV1_ALERT_ACCESS_DENIED:
    case SSL_R_TLSV13_ALERT_CERTIFICATE_REQUIRED:
      return true;
    default:
      return false;
  }
}

}  // namespace shoal::http
