#include "agent/registry/lists.hpp"

#include "agent/registry/next_page.hpp"
#include "agent/registry/oci_error.hpp"
#include "agent/registry/relay.hpp"
#include "shared/log/log.hpp"

namespace shoal::agent::registry {
namespace {

constexpr const char* index_type = "application/vnd.oci.image.index.v1+json";
constexpr const char* empty_index =
    R"({"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[]})";

std::string header(const http::Request& request, std::string_view name) {
  return http::find_header(request.headers, name).value_or("");
}

http::Response index(std::string body) {
  return {.status = 200, .headers = {{"Content-Type", index_type}}, .body = std::move(body), .length = {}};
}

// "sha256-<digits>": at most 32 and 64 characters, as the specification cuts them.
std::string referrers_tag(const Digest& subject) {
  const std::string text = subject.text();
  const std::size_t colon = text.find(':');
  return text.substr(0, colon).substr(0, 32) + "-" + text.substr(colon + 1).substr(0, 64);
}

}  // namespace

Task<void> Lists::answer(http::Exchange& exchange, ListRoute route) {
  auto response = co_await ask(exchange.request(), std::move(route));
  co_await exchange.respond(std::move(response));
}

Task<http::Response> Lists::ask(http::Request request, ListRoute route) {
  const std::string query = query_for_origin(request.query);
  const std::string path = route.list + (query.empty() ? "" : "?" + query);
  const auto asked =
      co_await origin_.ask(route.repository, "GET", path, header(request, "Accept"), header(request, "Authorization"));
  if (!asked) {
    log::warning("registry", "list not served",
                 {{"registry", route.repository.upstream},
                  {"path", request.path},
                  {"cause", asked.error().what},
                  {"next", "look at the registry and its credential"}});
    co_return oci_error(asked.error(), "NAME_UNKNOWN");
  }
  if (asked->status == 404 && route.subject) {
    auto response = co_await referrers_by_tag(std::move(request), std::move(route));
    co_return response;
  }
  if (asked->status != 200) co_return relay(*asked, "NAME_UNKNOWN");
  http::Response response;
  response.headers = {{"Content-Type", asked->content_type.empty() ? "application/json" : asked->content_type}};
  if (!asked->filters.empty()) response.headers.push_back({"OCI-Filters-Applied", asked->filters});
  response.body = std::string(text_of(asked->body));
  auto target = origin::find_upstream(origin_.options(), route.repository.upstream);
  if (target) {
    const std::string& name = route.repository.name;
    target->url.target += "/v2/" + (name.empty() ? "" : name + "/") + route.list;
    const std::string next = next_page(asked->links, target->url, request.path, request.query);
    if (!next.empty()) response.headers.push_back({"Link", next});
  }
  co_return response;
}

Task<http::Response> Lists::referrers_by_tag(http::Request request, ListRoute route) {
  const auto asked = co_await origin_.ask(route.repository, "GET", "manifests/" + referrers_tag(*route.subject),
                                          index_type, header(request, "Authorization"));
  if (!asked) co_return oci_error(asked.error(), "NAME_UNKNOWN");
  if (asked->status == 404) co_return index(empty_index);
  if (asked->status != 200) co_return relay(*asked, "NAME_UNKNOWN");
  if (asked->content_type != index_type) co_return index(empty_index);
  co_return index(std::string(text_of(asked->body)));
}

}  // namespace shoal::agent::registry
