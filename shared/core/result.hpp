// Result: a value, or an error named for what the caller may do next. Expected failures are returned, never thrown.
// Source: tl::expected (Debian libexpected-dev), the interface of C++23's std::expected.
#pragma once

#include <chrono>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <tl/expected.hpp>
#include <utility>

#include "shared/core/answered.hpp"

namespace shoal::inline core {

enum class ErrorKind {
  not_found,    // it does not exist: answer so
  unavailable,  // a source failed or timed out: try another source, or later
  corrupt,      // the bytes do not match their name: drop them, blame the source, start anew
  refused,      // the other side or our own rules refuse the request: do not repeat it unchanged
  no_space,     // the disk or a bound is full, or the disk failed: go on without storing
};

// How a connection failed, where that says what to look at. shared/http names it, shared/origin/faults.hpp judges it.
enum class Fault : std::uint8_t {
  none,
  no_name,         // the name has no address
  no_connection,   // none in the time for it: a host that is down, or a packet filter that drops
  port_closed,     // nothing listens there, or a packet filter refuses
  no_route,
  closed,          // the connection ended before a byte of an answer
  not_tls,         // an answer that is not TLS
  other_tls,       // TLS, but no version, cipher or name in common
  tls_expected,    // TLS where plain HTTP was spoken
  issuer_unknown,  // of a certificate
  other_host,      // the certificate names another one
  out_of_date,     // the certificate, or the clock
  certificate_refused,  // our own, or that we have none
  proxy_unreachable,    // any of the above, on the way to the proxy
  proxy_refused,        // it does not let the request pass
  file_unreadable, // a file that our own configuration names
  of_tracker,      // one of these, or a registry that is not configured: at the tracker
};

struct Error {
  ErrorKind kind;
  std::string what;                          // one line: what was attempted, on what, and the cause; nothing secret
  std::chrono::milliseconds retry_after{0};  // the source asks for no request for so long; 0: it named no time
  Fault fault = Fault::none;
  MaybeAnswered answered{};  // by the origin, when that is the cause
};

// A class of its own because tl::expected is not [[nodiscard]]: the build refuses a Result that is not looked at.
// g++ 12 does not see it behind a co_await; tests/tidy refuses that.
template <class T>
class [[nodiscard]] Result : public tl::expected<T, Error> {
 public:
  using Base = tl::expected<T, Error>;
  using Base::Base;
  Result() = default;
  Result(Base base) : Base(std::move(base)) {}  // of `map` and its kin
};

[[nodiscard]] inline tl::unexpected<Error> fail(ErrorKind kind, std::string what) {
  return tl::unexpected<Error>(Error{kind, std::move(what)});
}

// `read layer: No such file or directory` with the kind that errno calls for. Takes errno's value at the call.
[[nodiscard]] Error from_errno(int error_number, const std::string& attempted);

const char* text(ErrorKind kind);

// The program cannot start: thrown by constructors, caught once in main. `exit_code` 1, or 2 for a bad configuration.
class StartError : public std::runtime_error {
 public:
  explicit StartError(const std::string& what, int exit_code = 1) : std::runtime_error(what), exit_code_(exit_code) {}
  int exit_code() const { return exit_code_; }

 private:
  int exit_code_;
};

}  // namespace shoal::inline core
