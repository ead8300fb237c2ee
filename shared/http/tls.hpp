// Tls: what a client's side of TLS trusts and shows, and what its failures mean. Inside this room only.
//
// Threads: the loop. The files are read there: they are small, and on a disk.
#pragma once

#include <boost/asio/ssl.hpp>
#include <string>

#include "shared/core/clock.hpp"
#include "shared/core/result.hpp"

namespace shoal::http {

struct TlsFiles {
  std::string ca_file;           // empty for the system's certificates
  bool insecure = false;         // no verification
  std::string certificate_file;  // shown when the server asks for one; empty for none
  std::string key_file;          // empty when the certificate's file has it
};

// `refused`, Fault::file_unreadable, when a file cannot be read or the key is not the certificate's: the text names the
// key of the configuration and the file. A key behind a pass phrase cannot be read.
Result<void> configure(asio::ssl::context& context, const TlsFiles& files);

// The host that the certificate must name, and that the handshake asks for (SNI); false when it can be none.
bool expect_host(SSL* ssl, const std::string& host);

// Of a handshake that has failed.
Error handshake_error(SSL* ssl, const IoError& error);

// Whether the server refuses our certificate, or the want of one. With TLS 1.3 it says so after the handshake.
bool is_about_our_certificate(const IoError& error);

}  // namespace shoal::http
