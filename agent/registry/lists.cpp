#include "agent/registry/lists.hpp"

#include "agent/registry/manifest_facts.hpp"
#include "agent/registry/next_page.hpp"
#include "agent/registry/oci_error.hpp"
#include "agent/registry/relay.hpp"
#include "shared/log/log.hpp"
#include "shared/origin/manifest_body.hpp"
#include "shared/origin/statuses.hpp"

namespace shoal::agent::registry {
namespace {

constexpr const char* empty_index =
    R"({"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[]})";

std::string header(const http::Request& request, std::string_view name) {
  return http::find_header(request.headers, name).value_or("");
}

http::Response index(std::string body) {
  return {.status = 200, .headers = {{"Content-Type", origin::index_type}}, .body = std::move(body), .length = {}};
}

// "sha256-<digits>": at most 32 and 64 characters, as the specification cuts them.
std::string referrers_tag(const Digest& subject) {
  const std::string text = subject.text();
  const std::size_t colon = text.find(':');
  return text.substr(0, colon).substr(0, 32) + "-" + text.substr(colon + 1).substr(0, 64);
}

// Never 404, whatever the kind of the error: it would say that there is no such list, and no signature.
http::Response unserved(const http::Request& request, const ListRoute& route, const Error& error) {
  const bool is_too_large = error.kind == ErrorKind::refused && !route.subject;
  log::warning("registry", "list not served",
               {{"registry", route.repository.upstream},
                {"path", request.path},
                {"cause", error.what},
                {"next", is_too_large ? "ask for it in pages (?n=1000), or look at the registry and its credential"
                                      : "look at the registry and its credential"}});
  return oci_error(503, "UNAVAILABLE", error.what);
}

Result<void> check(const origin::Answer& answer, const ListRoute& route) {
  return route.subject ? origin::check_index(answer.body, *route.subject) : origin::check_list(answer.body);
}

}  // namespace

Task<void> Lists::answer(http::Exchange& exchange, ListRoute route) {
  auto response = co_await ask(exchange.request(), std::move(route));
  co_await exchange.respond(std::move(response));
}

Task<http::Response> Lists::ask(http::Request request, ListRoute route) {
  const std::string query = query_for_origin(request.query);
  const std::string path = route.list + (query.empty() ? "" : "?" + query);
  const access::Caller caller{route.repository, Secret(header(request, "Authorization"))};
  if (const auto refused = access_.refused_lately(caller)) co_return relay(*refused, "NAME_UNKNOWN");
  const auto asked =
      co_await origin_.ask(route.repository, "GET", path, header(request, "Accept"), caller.authorization);
  if (asked && asked->status == 401) access_.note_refusal(caller, *asked);
  if (!asked) co_return unserved(request, route, asked.error());
  if (asked->status == 404 && route.subject) {
    auto response = co_await referrers_by_tag(std::move(request), std::move(route));
    co_return response;
  }
  if (asked->status != 200) co_return relay(*asked, "NAME_UNKNOWN");
  const Result<void> checked = check(*asked, route);
  if (!checked) co_return unserved(request, route, checked.error());
  learn(route, *asked);
  co_return page(request, route, *asked);
}

// The origin's list of what refers to a manifest names layers of the repository.
void Lists::learn(const ListRoute& route, const origin::Answer& answer) {
  if (!route.subject) return;
  std::vector<access::Member> members;
  for (const Descriptor& listed : read_manifest(text_of(answer.body)).descriptors) members.push_back({listed.digest, listed.size});
  access_.learn(route.repository, members);
}

// The list as the origin has it, with the link to its next page.
http::Response Lists::page(const http::Request& request, const ListRoute& route, const origin::Answer& answer) const {
  http::Response response;
  const std::string other = answer.content_type.empty() ? "application/json" : answer.content_type;
  response.headers = {{"Content-Type", route.subject ? origin::index_type : other}};
  if (!answer.filters.empty()) response.headers.push_back({"OCI-Filters-Applied", answer.filters});
  response.body = std::string(text_of(answer.body));
  auto target = origin::find_upstream(origin_.options(), route.repository.upstream);
  if (target) {
    const std::string& name = route.repository.name;
    target->url.target += "/v2/" + (name.empty() ? "" : name + "/") + route.list;
    const std::string next = next_page(answer.links, target->url, request.path, request.query);
    if (!next.empty()) response.headers.push_back({"Link", next});
  }
  return response;
}

// A repository that does not exist has no list; that a tag does not exist means that nothing refers to the subject.
Task<http::Response> Lists::referrers_by_tag(http::Request request, ListRoute route) {
  const auto asked = co_await origin_.ask(route.repository, "GET", "manifests/" + referrers_tag(*route.subject),
                                          origin::index_type, Secret(header(request, "Authorization")));
  if (!asked) co_return unserved(request, route, asked.error());
  if (asked->status == 404 && origin::answered_by(404, {}, text_of(asked->body)).code != "NAME_UNKNOWN") co_return index(empty_index);
  if (asked->status != 200) co_return relay(*asked, "NAME_UNKNOWN");
  const Result<void> checked = check(*asked, route);
  if (!checked) co_return unserved(request, route, checked.error());
  learn(route, *asked);
  co_return index(std::string(text_of(asked->body)));
}

}  // namespace shoal::agent::registry
