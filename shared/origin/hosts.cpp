#include "shared/origin/hosts.hpp"

#include "shared/http/transport.hpp"
#include "shared/log/log.hpp"
#include "shared/origin/credentials.hpp"
#include "shared/origin/faults.hpp"
#include "shared/origin/retry_after.hpp"

namespace shoal::origin {
namespace {

using Response = Result<std::unique_ptr<http::ClientResponse>>;

constexpr Milliseconds tls_probe_limit{2'000};  // a handshake on a port that has just been open

std::string name_of(const http::Url& url) {
  return url.scheme + "://" + url.authority();
}

// What decides whether a request can be made: the trust of one upstream may fail where another's does not.
std::string reach_key(const http::ClientRequest& request) {
  const std::string proxy = request.proxy ? "\n" + request.proxy->url.authority() : "";
  return name_of(request.url) + "\n" + request.ca_file + (request.insecure ? "\n" : "") + proxy + "\n" +
         request.certificate.certificate_file;
}

std::string turn_key(const http::Url& url, const std::string& caller) {
  return caller.empty() ? url.authority() : url.authority() + " for a caller " + caller;
}

bool is_limit(unsigned status) {
  return status == 429 || status == 503;
}

// As a server that speaks TLS answers plain HTTP: a registry's own refusal is JSON, or is about a Range.
bool may_expect_tls(const http::ClientRequest& request, const http::ClientResponse& response) {
  const std::string type = http::find_header(response.headers(), "Content-Type").value_or("");
  return response.status() == 400 && request.url.scheme == "http" && !type.starts_with("application/json") &&
         !http::find_header(request.headers, "Range");
}

Error tls_expected(const http::Url& url) {
  return {ErrorKind::unavailable, url.authority() + ": speaks TLS and was asked in plain HTTP", Milliseconds(0),
          Fault::tls_expected};
}

}  // namespace

Task<Response> Hosts::request(http::ClientRequest request, Asking asking) {
  auto proxy = proxy_of(options_, asking.upstream, request.url);
  if (!proxy) co_return tl::unexpected(unreadable(asking.upstream, proxy.error()));
  request.proxy = std::move(*proxy);
  Turns::Place place = turns_.enter(turn_key(request.url, asking.caller), asking.line, asking.longest);
  for (;;) {
    const auto passed = co_await pass(request, asking, place);
    if (!passed) co_return tl::unexpected(passed.error());
    place = *passed;
    Response response = co_await http::request(clock_, request);
    if (!response) {
      turns_.note_lost(place);
      Error error = co_await failed(request, asking.upstream, response.error());
      co_return tl::unexpected(std::move(error));
    }
    const unsigned status = (*response)->status();
    if (may_expect_tls(request, **response) && !turns_.has_accepted(place.host)) {
      const bool is_tls = co_await speaks_tls(request);
      if (is_tls) co_return tl::unexpected(unreached(request, asking.upstream, tls_expected(request.url)));
    }
    reached(request, asking.upstream);
    if (!is_limit(status)) turns_.note_accepted(place);
    if (!is_limit(status) || !is_refused(asking, place, **response)) co_return response;
  }
}

// Returns when the request may leave, with the time of it.
Task<Result<Turns::Place>> Hosts::pass(http::ClientRequest request, Asking asking, Turns::Place place) {
  const std::string key = reach_key(request);
  auto cause = reach_.pass(key);
  const auto before = reach_.cause(key);
  if (!cause && before && before->fault == Fault::no_connection) {  // nobody is to wait for a host that drops
    cause = before;
    const auto executor = co_await asio::this_coro::executor;
    spawn(loop_of(executor), probe(request, asking.upstream));
  }
  if (cause) {
    metrics_.spared.add();
    co_return tl::unexpected(*cause);
  }
  if (turns_.is_limited(place.host)) metrics_.paced.add();
  ++queued_[asking.upstream];
  metrics_.waiting.add(1);
  const auto sent = co_await turns_.wait(place);
  metrics_.waiting.add(-1);
  if (--queued_[asking.upstream] == 0) queued_.erase(asking.upstream);
  if (!sent) co_return tl::unexpected(sent.error());
  place.sent = *sent;
  co_return place;
}

// A server that closes without an answer may have expected TLS.
Task<Error> Hosts::failed(http::ClientRequest request, std::string upstream, Error error) {
  const bool may_be_tls = error.fault == Fault::closed && request.url.scheme == "http";
  if (may_be_tls) {
    const bool is_tls = co_await speaks_tls(request);
    if (is_tls) error = tls_expected(request.url);
  }
  if (lasts(error)) error = unreached(request, upstream, std::move(error));
  co_return error;
}

Error Hosts::unreached(const http::ClientRequest& request, const std::string& upstream, Error error) {
  if (error.fault == Fault::file_unreadable) return unreadable(upstream, std::move(error));
  const std::string cause = error.what;
  const std::string next = next_step(error.fault, upstream);
  error = with_next_step(std::move(error), upstream);
  metrics_.unreachable.add();
  const std::string key = reach_key(request);
  if (reach_.note_failure(key, error)) {
    log::warning("origin", "registry unreachable",
                 {{"registry", upstream},
                  {"host", request.url.authority()},
                  {"fault", text(error.fault)},
                  {"cause", cause},
                  {"next", next},
                  {"next_try_milliseconds", reach_.pause(key).count()}});
  }
  return error;
}

// The file may be mended at any time, and costs nothing to look at.
Error Hosts::unreadable(const std::string& upstream, Error error) {
  tell_unreadable(metrics_, upstream, error.what);
  return with_next_step(std::move(error), upstream);
}

void Hosts::reached(const http::ClientRequest& request, const std::string& upstream) {
  if (!reach_.note_success(reach_key(request))) return;
  log::info("origin", "registry reachable again", {{"registry", upstream}, {"host", request.url.authority()}});
}

Task<void> Hosts::probe(http::ClientRequest request, std::string upstream) {
  const auto transport = co_await http::open_transport(clock_, request);
  if (transport) {
    reached(request, upstream);
  } else if (lasts(transport.error())) {
    unreached(request, upstream, transport.error());
  }
}

Task<bool> Hosts::speaks_tls(http::ClientRequest request) {
  request.url.scheme = "https";
  request.insecure = true;  // nothing is sent or read
  request.limits.connect = tls_probe_limit;
  const auto transport = co_await http::open_transport(clock_, request);
  co_return transport.has_value();
}

// Whether the request is to be repeated in its turn.
bool Hosts::is_refused(const Asking& asking, const Turns::Place& place, const http::ClientResponse& response) {
  metrics_.limited.add();
  const Milliseconds time = retry_after(response.headers());
  const bool again = turns_.note_refused(place, response.status(), time);
  log::warning("origin", "registry limits its requests",
               {{"registry", asking.upstream},
                {"host", place.host},
                {"cause", "status " + std::to_string(response.status())},
                {"next", "raise the registry's limit, or configure a credential"},
                {"retry_after_milliseconds", time.count()},
                {"requests_per_second", static_cast<std::int64_t>(turns_.requests_per_second(place.host))}});
  return again;
}

std::optional<Error> Hosts::unreachable(http::ClientRequest request, const std::string& upstream) const {
  const auto proxy = proxy_of(options_, upstream, request.url);
  if (proxy) request.proxy = *proxy;
  return reach_.find(reach_key(request));
}

bool Hosts::is_paced(const std::string& upstream, const http::Url& url) const {
  return queued_.contains(upstream) || turns_.is_limited(turn_key(url, ""));
}

}  // namespace shoal::origin
