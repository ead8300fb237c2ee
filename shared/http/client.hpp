// Client: one HTTP/1.1 request over a connection of its own or a kept one, plain or TLS, with deadlines and bounds. It knows nothing
// of redirects, credentials or registries: shared/origin decides those.
//
// Threads: the loop.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "shared/core/bytes.hpp"
#include "shared/core/clock.hpp"
#include "shared/core/result.hpp"
#include "shared/core/secret.hpp"
#include "shared/http/addresses.hpp"
#include "shared/http/message.hpp"

namespace shoal::http {

struct Url {
  std::string scheme;  // "http" or "https"
  std::string host;    // without brackets
  std::uint16_t port = 0;
  std::string target;  // path and query, at least "/"

  std::string authority() const;  // host[:port], the port only when it is not the scheme's own
  bool same_place(const Url& other) const { return scheme == other.scheme && host == other.host && port == other.port; }
};
// `refused` for other schemes, user information, fragments, control characters, an empty host or more than 16 KiB.
Result<Url> parse_url(std::string_view text);
// A Location header against the URL it came from: RFC 3986 section 5.2. Characters that no URI has (a space, UTF-8, "|")
// are percent-encoded; what is encoded already stays as it is. `refused` as above, but for a fragment, which is dropped.
Result<Url> resolve_url(const Url& base, std::string_view location);
std::string text(const Url& url);

struct ClientLimits {
  Milliseconds connect{5'000};   // resolve, connect and TLS handshake: two lost SYNs, after 1 and 3 s, are repeated
  Milliseconds tcp{0};           // the connection alone, once the name is resolved; 0: what `connect` leaves
  Milliseconds headers{10'000};  // from the request to the end of the head: a registry may have to ask its storage
  Milliseconds silence{20'000};  // longest wait for further bytes of a body; callers with less patience set it
  Milliseconds whole{0};         // from the end of the head to the end of the body; 0: as long as it takes
  // A body that brought less than `least` in this much waiting is given up: its readers would wait without end.
  // No link that is of use brings less than 3 KB/s.
  Milliseconds trickle{20'000};
  ByteCount least{64 << 10};
};

class KeptConnections;

// An HTTP proxy: CONNECT for https, the absolute form for http. Its authorization is sent to it alone.
struct Proxy {
  Url url;                // "http://proxy:3128"
  Secret authorization;   // value of Proxy-Authorization; empty for none
};

// What a client shows of itself in a TLS handshake: both files or none, PEM.
struct ClientCertificate {
  std::string certificate_file;  // with its chain
  std::string key_file;
};

struct ClientRequest {
  std::string method = "GET";  // one that may be repeated, or whose repetition does no harm
  Url url;
  Headers headers;        // Host, User-Agent, Connection and the body's length are added
  Secret body;            // of POST; its type is the caller's to say
  Secret authorization;   // value of Authorization; empty for none
  std::string ca_file;    // for https: certificates to trust instead of the system's; empty for the system's
  bool insecure = false;  // for https: no verification, as the operator configured
  ClientCertificate certificate;  // for https: shown when asked for
  std::optional<Proxy> proxy;
  Reaches reaches;  // judged on the address that is dialled, after the name was resolved: `refused` otherwise
  ClientLimits limits;
  // Shared: with the responses under way, which give their connection back. Null: a connection for this request alone.
  std::shared_ptr<KeptConnections> kept;
};

// The head has arrived; the body is read piece by piece. Destroying it closes the connection.
class ClientResponse {
 public:
  virtual ~ClientResponse() = default;
  virtual unsigned status() const = 0;
  virtual const Headers& headers() const = 0;
  virtual std::optional<std::uint64_t> content_length() const = 0;
  virtual Reach reach() const = 0;  // of the address that answers, a proxy's when there is one
  // The next bytes as they arrive, at most 256 KiB, valid until the next call; empty at the end of the body.
  // `unavailable` when the connection breaks or the body ends early.
  virtual Task<Result<ByteView>> next() = 0;
  // From another coroutine: a `next` that waits ends with `unavailable`.
  virtual void cancel() = 0;
};

// `unavailable` for whatever happens on the network, `refused` for a certificate that does not verify; the error's fault
// says how a connection failed. The clock
// outlives the response.
Task<Result<std::unique_ptr<ClientResponse>>> request(Clock& clock, ClientRequest request);

// The whole rest of the body; `refused` when it is longer than `limit`.
Task<Result<Bytes>> read_all(ClientResponse& response, ByteCount limit);

}  // namespace shoal::http
