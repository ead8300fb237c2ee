#include "shared/origin/origin.hpp"

#include "shared/crypto/hasher.hpp"
#include "shared/crypto/signing.hpp"
#include "shared/http/kept_connections.hpp"
#include "shared/log/log.hpp"
#include "shared/origin/authorization.hpp"
#include "shared/origin/challengers.hpp"
#include "shared/origin/credentials.hpp"
#include "shared/origin/discretion.hpp"
#include "shared/origin/hosts.hpp"
#include "shared/origin/layer_stream.hpp"
#include "shared/origin/locations.hpp"
#include "shared/origin/redirects.hpp"
#include "shared/origin/requests.hpp"
#include "shared/origin/statuses.hpp"

namespace shoal::origin {
namespace {

using Response = Result<std::unique_ptr<http::ClientResponse>>;

constexpr std::size_t secret_size = 32;
constexpr int most_answers = 3;  // to the refusals of one place: a challenge, another scope, a renewed credential

struct Question {
  std::string method = "GET";
  std::string path;  // behind "/v2/NAME/"
  http::Headers headers;
  Secret authorization;       // the caller's own
  bool is_as_it_is = false;   // without one of ours: a challenge is the answer
  Line line = Line::question;
  Milliseconds longest{};  // wait for a turn, while the registry limits its requests
  std::string part_of{};  // of a part: whose, for Locations; the connection is kept for the next one
};

// What a place answers, after its own challenges.
struct Arrived {
  Response response;
  bool carries_authorization = false;  // the request of it
  http::Reach reach = http::Reach::everywhere;  // of the address by which the registry answered
  Secret ours{};  // the authorization of the request, unless it was the caller's own
};

}  // namespace

struct Origin::Impl {
  Impl(Options o, Clock& clock)
      : options(std::move(o)),
        locations(clock),
        hosts(clock, options, metrics),
        authorizer(clock, hosts, metrics, options) {
    for (const UnreadableFile& file : unreadable_files(options))
      tell_unreadable(metrics, file.upstream, file.key + " " + file.cause);
  }

  Task<Response> send(Repository repository, Question question);
  Task<Result<LongAnswer>> read(Repository repository, Question question, std::string accept, ByteCount most);
  Task<Response> send_to_location(Target target, Question question);
  Task<Response> follow(Target target, Repository repository, Question question);
  Task<Arrived> ask(Place place, Question question, Hosts::Asking asking);
  Task<Arrived> ask_once(Place place, Question question, Hosts::Asking asking);
  void tell_not_followed(const Place& place, const std::string& cause);
  std::string caller_key(const Secret& authorization) const;

  const Bytes secret = random_bytes(secret_size);  // of the callers' keys
  Options options;
  Metrics metrics;
  // Shared: with the responses under way.
  std::shared_ptr<http::KeptConnections> kept = std::make_shared<http::KeptConnections>();
  Locations locations;
  Challengers challengers;
  Hosts hosts;
  Authorizer authorizer;
};

// What callers with this authorization are known by: it says nothing of it.
std::string Origin::Impl::caller_key(const Secret& authorization) const {
  return hex_text(hmac_sha256(secret, bytes_of(authorization.reveal())));
}

// One request with its redirects, each place asked with its own authorization. The answer is the last place's.
Task<Response> Origin::Impl::follow(Target target, Repository repository, Question question) {
  const bool callers_own = !question.authorization.empty();
  const std::string caller = callers_own ? caller_key(question.authorization) : "";
  const Hosts::Asking asking{target.name, question.line, question.longest, caller};
  http::Url url = target.url;
  url.target += "/v2/" + (repository.name.empty() ? "" : repository.name + "/") + question.path;
  Place place = place_of_registry(target, std::move(url), repository.name);
  const std::string first = name_of(place.url);
  const std::string asked_for = target.name + "\n" + repository.name;
  std::string callers_place = callers_own ? challengers.find(asked_for).value_or(first) : "";
  for (int redirects = 0; redirects <= most_redirects; ++redirects) {
    Question here = question;
    const bool is_callers_place = name_of(place.url) == callers_place;
    if (!is_callers_place) here.authorization.clear();
    Arrived arrived = co_await ask(place, std::move(here), asking);
    if (!arrived.response) {
      const Error& error = arrived.response.error();
      if (redirects > 0 && is_address_refused(error)) tell_not_followed(place, error.what);
      co_return std::move(arrived.response);
    }
    place.registry = place.registry.value_or(arrived.reach);
    const unsigned status = (*arrived.response)->status();
    if (!is_redirect(status)) {
      if (status == 401 && name_of(place.url) != first) challengers.store(asked_for, name_of(place.url));
      if (status == 401 && name_of(place.url) == first) challengers.remove(asked_for);
      const bool is_elsewhere = redirects > 0 && !arrived.carries_authorization;
      if (is_elsewhere && !question.part_of.empty() && status == 206)
        locations.store(question.part_of, {place.url, *place.registry});
      if (status < 400) co_return std::move(arrived.response);
      const http::Url led_to = redirects > 0 ? place.url : http::Url{};
      co_return without_secrets(std::move(*arrived.response), arrived.ours, led_to);
    }
    const auto hop = next_hop(place.url, http::find_header((*arrived.response)->headers(), "Location"));
    if (!hop && hop.error().kind == ErrorKind::refused) tell_not_followed(place, hop.error().what);
    if (!hop) co_return tl::unexpected(hop.error());
    if (is_callers_place && !hop->keeps_authorization) callers_place.clear();
    place = place_behind(options, place, hop->url);
  }
  co_return fail(ErrorKind::unavailable, target.url.authority() + " redirects more than 5 times");
}

// With the caller's own authorization as it is; else with ours, and with the answers to the place's refusals.
Task<Arrived> Origin::Impl::ask(Place place, Question question, Hosts::Asking asking) {
  asking.upstream = place.target.name;
  if (!question.authorization.empty() || question.is_as_it_is) {
    Arrived arrived = co_await ask_once(std::move(place), std::move(question), std::move(asking));
    co_return arrived;
  }
  auto shown = co_await authorizer.begin(place);
  if (!shown) co_return Arrived{tl::unexpected(shown.error())};
  Arrived earlier{fail(ErrorKind::unavailable, "")};
  for (int answers = 0;; ++answers) {
    question.authorization = shown->value;
    Arrived arrived = co_await ask_once(place, question, asking);
    if (!arrived.response) co_return arrived;
    arrived.ours = shown->value;
    const http::ClientResponse& response = **arrived.response;
    place.registry = place.registry.value_or(arrived.reach);
    const Verdict verdict{response.status(),
                          parse_challenges(http::header_lines(response.headers(), "WWW-Authenticate"))};
    auto next = co_await authorizer.next(place, *shown, verdict);
    if (!next) co_return Arrived{tl::unexpected(next.error())};
    const bool is_vain = shown->is_trial && (verdict.status == 401 || verdict.status == 403);
    if (is_vain) co_return earlier;  // the answer to what was asked without being told to says nothing
    if (!*next || answers == most_answers) co_return arrived;
    if ((*next)->is_trial) earlier = std::move(arrived);
    *shown = std::move(**next);
  }
}

Task<Arrived> Origin::Impl::ask_once(Place place, Question question, Hosts::Asking asking) {
  http::ClientRequest request = request_at(place, options.limits);
  request.method = question.method;
  request.headers = question.headers;
  if (!question.part_of.empty()) request.kept = kept;
  if (!question.authorization.empty()) request.authorization = question.authorization;
  auto response = co_await hosts.request(std::move(request), std::move(asking));
  http::Reach reach = place.registry.value_or(http::Reach::everywhere);
  if (response && !place.registry) reach = reach_of(options, place.target, place.url, **response);
  co_return Arrived{std::move(response), !question.authorization.empty(), reach};
}

// Where the registry has sent the part before, with no authorization: the URL is one. `unavailable` when nothing is
// known, or when the bytes are not there any more.
Task<Response> Origin::Impl::send_to_location(Target target, Question question) {
  const auto location = locations.find(question.part_of);
  if (!location) co_return fail(ErrorKind::unavailable, "no location is known");
  Place place = place_behind(options, place_of_registry(target, target.url, ""), location->url);
  place.registry = location->registry;
  question.authorization.clear();
  const Hosts::Asking asking{target.name, question.line, question.longest, ""};
  Arrived arrived = co_await ask_once(std::move(place), question, asking);
  if (arrived.response && (*arrived.response)->status() == 206) co_return std::move(arrived.response);
  locations.remove(question.part_of);
  co_return fail(ErrorKind::unavailable, "the location has ended");
}

Task<Response> Origin::Impl::send(Repository repository, Question question) {
  const auto found = find_upstream(options, repository.upstream);
  if (!found) co_return tl::unexpected(found.error());
  const Target target = *found;
  repository.name = repository_at(target, repository.name);
  if (!question.part_of.empty()) {
    auto located = co_await send_to_location(target, question);
    if (located) co_return located;
  }
  auto response = co_await follow(target, std::move(repository), std::move(question));
  co_return response;
}

void Origin::Impl::tell_not_followed(const Place& place, const std::string& cause) {
  metrics.refused_hosts.add();
  log::warning("origin", "redirect not followed",
               {{"registry", place.target.name},
                {"host", place.url.authority()},
                {"cause", cause},
                {"next", "if it is right, name the host in `redirects` of [upstreams.\"" + place.target.name + "\"]"}});
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
  const auto cause = impl_->hosts.unreachable(request_to(target->url, *target, impl_->options.limits), upstream);
  if (!cause) return {};
  impl_->metrics.spared.add();
  return tl::unexpected(*cause);
}

bool Origin::is_paced(const std::string& upstream) const {
  const auto target = find_upstream(impl_->options, upstream);
  return target && impl_->hosts.is_paced(upstream, target->url);
}

namespace {

Task<Result<LongAnswer>> read_beginning(std::unique_ptr<http::ClientResponse> response, ByteCount most) {
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
  while (answer.body.size() <= most.value) {
    const auto part = co_await response->next();
    if (!part) co_return tl::unexpected(part.error());
    if (part->empty()) co_return LongAnswer{std::move(answer), nullptr};
    answer.body.insert(answer.body.end(), part->begin(), part->end());
  }
  co_return LongAnswer{std::move(answer), std::move(response)};
}

// `refused` when there is more of it.
Result<Answer> whole(Result<LongAnswer> read) {
  if (!read) return tl::unexpected(std::move(read.error()));
  if (read->rest) return fail(ErrorKind::refused, "the body is longer than " + text(largest_manifest));
  return std::move(read->answer);
}

}  // namespace

// Links lead to the upstream's own paths.
Task<Result<LongAnswer>> Origin::Impl::read(Repository repository, Question question, std::string accept, ByteCount most) {
  question.longest = options.turns.question;
  if (!accept.empty()) question.headers.push_back({"Accept", std::move(accept)});
  const auto target = find_upstream(options, repository.upstream);
  auto response = co_await send(std::move(repository), std::move(question));
  if (!response) co_return tl::unexpected(response.error());
  auto answer = co_await read_beginning(std::move(*response), most);
  if (answer && target) answer->answer.links = without_prefix(*target, std::move(answer->answer.links));
  co_return answer;
}

Task<Result<Answer>> Origin::ask(Repository repository, std::string method, std::string path, std::string accept,
                                 Secret authorization) {
  Question question{.method = std::move(method), .path = std::move(path), .headers = {}, .authorization = std::move(authorization)};
  auto read = co_await impl_->read(std::move(repository), std::move(question), std::move(accept), largest_manifest);
  co_return whole(std::move(read));
}

Task<Result<LongAnswer>> Origin::ask_long(Repository repository, std::string path, std::string accept,
                                          Secret authorization, ByteCount most) {
  Question question{.path = std::move(path), .headers = {}, .authorization = std::move(authorization)};
  auto read = co_await impl_->read(std::move(repository), std::move(question), std::move(accept), most);
  co_return read;
}

Task<Result<Answer>> Origin::ask_base(std::string upstream, std::string method, Secret authorization) {
  const auto target = find_upstream(impl_->options, upstream);
  if (!target) co_return tl::unexpected(target.error());
  const bool has_credential = co_await impl_->authorizer.has_credential(*target);
  Question question;
  question.method = std::move(method);
  question.is_as_it_is = !has_credential;
  question.authorization = std::move(authorization);
  question.longest = impl_->options.turns.question;
  Repository registry{std::move(upstream), {}};
  auto response = co_await impl_->send(std::move(registry), std::move(question));
  if (!response) co_return tl::unexpected(response.error());
  auto read = co_await read_beginning(std::move(*response), largest_manifest);
  co_return whole(std::move(read));
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
                                                             Secret authorization) {
  const std::string what = repository.upstream + "/" + repository.name + "@" + digest.text();
  Question question;
  question.path = "blobs/" + digest.text();
  question.authorization = std::move(authorization);
  question.line = Line::layer;
  question.longest = impl_->options.turns.question;  // a reader of parts waits for 30 s
  question.part_of = what + " " + impl_->caller_key(question.authorization);
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
