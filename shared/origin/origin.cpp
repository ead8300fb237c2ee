#include "shared/origin/origin.hpp"

#include "shared/http/kept_connections.hpp"
#include "shared/log/log.hpp"
#include "shared/origin/faults.hpp"
#include "shared/origin/hosts.hpp"
#include "shared/origin/layer_stream.hpp"
#include "shared/origin/locations.hpp"
#include "shared/origin/redirects.hpp"
#include "shared/origin/statuses.hpp"
#include "shared/origin/token.hpp"

namespace shoal::origin {
namespace {

using Response = Result<std::unique_ptr<http::ClientResponse>>;

constexpr Milliseconds basic_lifetime{300'000};  // then the files are read again, and may have been changed
constexpr const char* manifest_types =
    "application/vnd.oci.image.manifest.v1+json, application/vnd.oci.image.index.v1+json, "
    "application/vnd.docker.distribution.manifest.v2+json, application/vnd.docker.distribution.manifest.list.v2+json, "
    "*/*";

struct Question {
  std::string method = "GET";
  std::string path;  // behind "/v2/NAME/"
  http::Headers headers;
  std::string authorization;
  bool is_callers_own = false;  // the authorization
  bool is_as_it_is = false;     // the challenge is the answer
  Line line = Line::question;
  Milliseconds longest{};  // wait for a turn, while the registry limits its requests
  std::string part_of{};  // of a part: whose, for Locations; the connection is kept for the next one
};

// The trust that is configured for a registry (its CA, its missing certificate) holds for its owner's hosts only.
http::ClientRequest request_to(const http::Url& url, const Target& target, const http::ClientLimits& limits) {
  http::ClientRequest request;
  request.url = url;
  request.limits = limits;
  if (is_related_host(target.url.host, url.host)) {
    request.ca_file = target.ca;
    request.insecure = target.insecure;
  }
  return request;
}

std::string basic_header(const Credential& credential) {
  return "Basic " + base64_text(bytes_of(credential.username + ":" + credential.password));
}

}  // namespace

struct Origin::Impl {
  Impl(Options o, Clock& clock)
      : options(std::move(o)), locations(clock), authorizations(clock), hosts(clock, options.turns, metrics) {
    for (const UnreadableFile& file : unreadable_files(options)) tell_unreadable(file.upstream, file.key + " " + file.cause);
  }

  Task<Response> send(Repository repository, Question question);
  Task<Response> send_to_location(Target target, Question question);
  Task<Response> follow(Target target, Repository repository, Question question);
  Task<Result<std::string>> authorize(Target target, Repository repository, std::vector<Challenge> challenges);
  Task<Result<std::string>> fetch_token(Target target, Repository repository, Challenge challenge,
                                        std::optional<Credential> credential);

  void tell_unreadable(const std::string& upstream, const std::string& cause);

  Options options;
  Metrics metrics;
  // Shared: with the responses under way.
  std::shared_ptr<http::KeptConnections> kept = std::make_shared<http::KeptConnections>();
  Locations locations;
  Authorizations authorizations;
  Hosts hosts;
};

// One request with its redirects. The answer is the last hop's.
Task<Response> Origin::Impl::follow(Target target, Repository repository, Question question) {
  const bool callers_own = question.is_callers_own;
  const std::string caller = callers_own ? std::to_string(std::hash<std::string>()(question.authorization)) : "";
  const Hosts::Asking asking{target.name, question.line, question.longest, caller};
  http::Url url = target.url;
  url.target += "/v2/" + (repository.name.empty() ? "" : repository.name + "/") + question.path;
  for (int redirects = 0; redirects <= most_redirects; ++redirects) {
    http::ClientRequest request = request_to(url, target, options.limits);
    request.method = question.method;
    request.headers = question.headers;
    if (!question.part_of.empty()) request.kept = kept;
    if (!question.authorization.empty()) request.headers.push_back({"Authorization", question.authorization});
    auto response = co_await hosts.request(std::move(request), asking);
    if (!response || !is_redirect((*response)->status())) {
      const bool is_elsewhere = redirects > 0 && question.authorization.empty();
      if (is_elsewhere && !question.part_of.empty() && response && (*response)->status() == 206)
        locations.store(question.part_of, url);
      co_return response;
    }
    const auto hop = next_hop(url, http::find_header((*response)->headers(), "Location"));
    if (!hop) co_return tl::unexpected(hop.error());
    if (!hop->keeps_authorization) question.authorization.clear();
    url = hop->url;
  }
  co_return fail(ErrorKind::unavailable, target.url.authority() + " redirects more than 5 times");
}

// Where the registry has sent the part before, with no authorization: the URL is one. `unavailable` when nothing is
// known, or when the bytes are not there any more.
Task<Response> Origin::Impl::send_to_location(Target target, Question question) {
  const auto url = locations.find(question.part_of);
  if (!url) co_return fail(ErrorKind::unavailable, "no location is known");
  http::ClientRequest request = request_to(*url, target, options.limits);
  request.headers = question.headers;
  request.kept = kept;
  const Hosts::Asking asking{target.name, question.line, question.longest, ""};
  auto response = co_await hosts.request(std::move(request), asking);
  if (response && (*response)->status() == 206) co_return response;
  locations.remove(question.part_of);
  co_return fail(ErrorKind::unavailable, "the location has ended");
}

// With the caller's own authorization as it is; else with an answer to the registry's challenge, once.
Task<Response> Origin::Impl::send(Repository repository, Question question) {
  const auto found = find_upstream(options, repository.upstream);
  if (!found) co_return tl::unexpected(found.error());
  const Target target = *found;
  if (!question.part_of.empty()) {
    auto located = co_await send_to_location(target, question);
    if (located) co_return located;
  }
  const bool callers_own = question.is_callers_own = !question.authorization.empty() || question.is_as_it_is;
  if (!callers_own) question.authorization = authorizations.find(repository.upstream, repository.name);
  auto response = co_await follow(target, repository, question);
  if (!response || (*response)->status() != 401 || callers_own) co_return response;

  authorizations.remove(repository.upstream, repository.name);
  const auto challenges = parse_challenges(http::header_lines((*response)->headers(), "WWW-Authenticate"));
  auto fresh = co_await authorize(target, repository, challenges);
  if (!fresh) co_return tl::unexpected(fresh.error());
  if (fresh->empty()) co_return response;
  question.authorization = std::move(*fresh);
  response = co_await follow(target, repository, question);
  co_return response;
}

// The value to answer the challenges with; empty when there is nothing to say, so that the caller sees the 401.
Task<Result<std::string>> Origin::Impl::authorize(Target target, Repository repository,
                                                  std::vector<Challenge> challenges) {
  auto credential = read_credential(target);
  if (!credential) {
    tell_unreadable(repository.upstream, credential.error().what);
    co_return tl::unexpected(with_next_step(credential.error(), repository.upstream));
  }
  const Challenge* bearer = find_scheme(challenges, "bearer");
  if (bearer != nullptr) {
    auto token = co_await fetch_token(target, repository, *bearer, *credential);
    co_return token;
  }
  if (find_scheme(challenges, "basic") == nullptr || !*credential) co_return std::string();
  std::string value = basic_header(**credential);
  authorizations.store(repository.upstream, repository.name, value, basic_lifetime);
  co_return value;
}

Task<Result<std::string>> Origin::Impl::fetch_token(Target target, Repository repository, Challenge challenge,
                                                    std::optional<Credential> credential) {
  const auto url = token_url(challenge, target.url, repository.name, credential.has_value());
  if (!url) co_return tl::unexpected(url.error());
  http::ClientRequest request = request_to(*url, target, options.limits);
  request.headers.push_back({"Accept", "application/json"});
  if (credential) request.headers.push_back({"Authorization", basic_header(*credential)});
  const Hosts::Asking asking{target.name, Line::question, options.turns.question, ""};
  const auto response = co_await hosts.request(std::move(request), asking);
  if (!response) co_return tl::unexpected(response.error());
  const unsigned status = (*response)->status();
  if (status == 401 || status == 403) co_return std::string();
  if (status != 200) {
    std::string text = "fetch a token at " + url->authority() + ": status " + std::to_string(status);
    co_return tl::unexpected(Error{ErrorKind::unavailable, std::move(text), rest_after(**response)});
  }
  const auto body = co_await http::read_all(**response, largest_token_answer);
  if (!body) co_return tl::unexpected(body.error());
  const auto token = parse_token(*body);
  if (!token) co_return tl::unexpected(token.error());
  std::string value = "Bearer " + token->text;
  authorizations.store(repository.upstream, repository.name, value, token->lifetime);
  co_return value;
}

void Origin::Impl::tell_unreadable(const std::string& upstream, const std::string& cause) {
  metrics.files_unreadable.add();
  const std::string next = next_step(Fault::file_unreadable, upstream);
  log::warning("origin", "configured file unreadable", {{"registry", upstream}, {"cause", cause}, {"next", next}});
}

Origin::Origin(Options options, Clock& clock) : impl_(std::make_unique<Impl>(std::move(options), clock)) {}
Origin::~Origin() = default;
const Options& Origin::options() const {
  return impl_->options;
}
const Metrics& Origin::metrics() const {
  return impl_->metrics;
}

Result<void> Origin::may_ask(const std::string& upstream) const {
  const auto target = find_upstream(impl_->options, upstream);
  if (!target) {
    log::warning("origin", "registry not configured",
                 {{"registry", upstream},
                  {"cause", target.error().what},
                  {"next", "add it to [upstreams] or allow, at the agents and at the trackers"}});
    return tl::unexpected(target.error());
  }
  const auto cause = impl_->hosts.unreachable(request_to(target->url, *target, impl_->options.limits));
  if (!cause) return {};
  impl_->metrics.spared.add();
  return tl::unexpected(*cause);
}

bool Origin::is_paced(const std::string& upstream) const {
  const auto target = find_upstream(impl_->options, upstream);
  return target && impl_->hosts.is_paced(upstream, target->url);
}

namespace {

Task<Result<Answer>> read_answer(std::unique_ptr<http::ClientResponse> response) {
  const http::Headers& headers = response->headers();
  Answer answer;
  answer.status = response->status();
  answer.content_type = http::find_header(headers, "Content-Type").value_or("");
  answer.digest = http::find_header(headers, "Docker-Content-Digest").value_or("");
  answer.length = response->content_length();
  answer.challenges = http::header_lines(headers, "WWW-Authenticate");
  answer.links = http::header_lines(headers, "Link");
  answer.filters = http::find_header(headers, "OCI-Filters-Applied").value_or("");
  answer.retry_after = http::find_header(headers, "Retry-After").value_or("");
  auto body = co_await http::read_all(*response, largest_manifest);
  if (!body) co_return tl::unexpected(body.error());
  answer.body = std::move(*body);
  co_return answer;
}

}  // namespace

Task<Result<Answer>> Origin::ask(Repository repository, std::string method, std::string path, std::string accept,
                                 std::string authorization) {
  Question question;
  question.method = std::move(method);
  question.path = std::move(path);
  question.authorization = std::move(authorization);
  question.longest = impl_->options.turns.question;
  if (!accept.empty()) question.headers.push_back({"Accept", std::move(accept)});
  auto response = co_await impl_->send(std::move(repository), std::move(question));
  if (!response) co_return tl::unexpected(response.error());
  auto answer = co_await read_answer(std::move(*response));
  co_return answer;
}

Task<Result<Answer>> Origin::ask_base(std::string upstream, std::string method, std::string authorization) {
  const auto target = find_upstream(impl_->options, upstream);
  if (!target) co_return tl::unexpected(target.error());
  const auto credential = read_credential(*target);
  Question question;
  question.method = std::move(method);
  question.is_as_it_is = !authorization.empty() || !credential || !*credential;
  question.authorization = std::move(authorization);
  question.longest = impl_->options.turns.question;
  Repository registry{std::move(upstream), {}};
  auto response = co_await impl_->send(std::move(registry), std::move(question));
  if (!response) co_return tl::unexpected(response.error());
  auto answer = co_await read_answer(std::move(*response));
  co_return answer;
}

Task<Result<std::unique_ptr<LayerStream>>> Origin::open(LayerQuestion layer, std::uint64_t from) {
  const bool is_blob = layer.kind == Kind::blob;
  const std::string what = layer.repository.upstream + "/" + layer.repository.name + "@" + layer.digest.text();
  Question question;
  question.path = (is_blob ? "blobs/" : "manifests/") + layer.digest.text();
  question.authorization = layer.authorization;
  question.line = is_blob ? Line::layer : Line::question;
  question.longest = is_blob ? impl_->options.turns.layer : impl_->options.turns.manifest;
  question.headers.push_back({"Accept", is_blob ? "*/*" : manifest_types});
  if (from > 0) question.headers.push_back({"Range", "bytes=" + std::to_string(from) + "-"});
  auto response = co_await impl_->send(layer.repository, std::move(question));
  if (!response) co_return tl::unexpected(response.error());
  const unsigned status = (*response)->status();
  const bool range_refused = from > 0 && (status == 400 || status == 416);
  if (range_refused) {
    auto whole = co_await open(std::move(layer), 0);
    co_return whole;
  }
  if (status != 200 && status != 206) {
    Error error = co_await error_of_answer(what, std::move(*response));
    co_return tl::unexpected(std::move(error));
  }
  if (lacks_length(**response) && !layer.size) {
    auto measured = co_await measure_layer(std::move(*response), is_blob ? largest_measured : largest_manifest);
    if (!measured) co_return fail(measured.error().kind, what + ": " + measured.error().what);
    if (measured->stream) co_return std::move(measured->stream);
    if (!is_blob) co_return fail(ErrorKind::refused, what + ": the manifest is larger than 4 MiB");
    layer.size = measured->size;
    auto again = co_await open(std::move(layer), from);
    co_return again;
  }
  auto stream = make_layer_stream(std::move(*response), from, layer.size);
  if (!stream && from > 0 && stream.error().kind == ErrorKind::unavailable) {
    auto whole = co_await open(std::move(layer), 0);
    co_return whole;
  }
  if (!stream) co_return fail(stream.error().kind, what + ": " + stream.error().what);
  co_return std::move(*stream);
}

Task<Result<std::unique_ptr<LayerStream>>> Origin::open_part(Repository repository, Digest digest, Stretch part,
                                                             std::string authorization) {
  const std::string what = repository.upstream + "/" + repository.name + "@" + digest.text();
  Question question;
  question.path = "blobs/" + digest.text();
  question.authorization = std::move(authorization);
  question.line = Line::layer;
  question.longest = impl_->options.turns.question;  // a reader of parts waits for 30 s
  question.part_of = what + " " + question.authorization;
  question.headers = {{"Accept", "*/*"},
                      {"Range", "bytes=" + std::to_string(part.first) + "-" + std::to_string(part.end - 1)}};
  auto response = co_await impl_->send(std::move(repository), std::move(question));
  if (!response) co_return tl::unexpected(response.error());
  const unsigned status = (*response)->status();
  if (status == 200 || status == 400 || status == 416 || status == 501) co_return nullptr;
  if (status != 206) {
    Error error = co_await error_of_answer(what, std::move(*response));
    co_return tl::unexpected(std::move(error));
  }
  auto stream = make_part_stream(std::move(*response), part);
  if (!stream) co_return fail(stream.error().kind, what + ": " + stream.error().what);
  co_return std::move(*stream);
}

}  // namespace shoal::origin
