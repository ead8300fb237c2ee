#include "agent/registry/lists.hpp"

#include "agent/registry/manifest_facts.hpp"
#include "agent/registry/next_page.hpp"
#include "agent/registry/oci_error.hpp"
#include "agent/registry/relay.hpp"
#include "shared/http/secret_header.hpp"
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

constexpr ByteCount whole_list = 1_MiB;    // some 20,000 tags
constexpr Milliseconds longest_turn{10'000};

ByteCount most_of_whole(const ListRoute& route) {
  return route.subject ? origin::largest_manifest : whole_list;
}

// "sha256-<digits>": at most 32 and 64 characters, as the specification cuts them.
std::string referrers_tag(const Digest& subject) {
  const std::string text = subject.text();
  const std::size_t colon = text.find(':');
  return text.substr(0, colon).substr(0, 32) + "-" + text.substr(colon + 1).substr(0, 64);
}

// Never 404, whatever the kind of the error: it would say that there is no such list, and no signature.
http::Response unserved(const http::Request& request, const ListRoute& route, const Error& error) {
  log::warning("registry", "list not served",
               {{"registry", route.repository.upstream},
                {"path", request.path},
                {"cause", error.what},
                {"next", "look at the registry and its credential"}});
  return oci_error(503, "UNAVAILABLE", error.what);
}

// A refusal whose body is longer than any registry's is passed on without it.
origin::Answer without_part(origin::LongAnswer answer) {
  if (answer.rest) answer.answer.body.clear();
  return std::move(answer.answer);
}

void tell_broken(const ListRoute& route, const Error& error) {
  log::warning("registry", "list broken off",
               {{"registry", route.repository.upstream},
                {"list", route.list},
                {"cause", error.what},
                {"next", "ask for it in pages (?n=1000), or look at the registry"}});
}

Result<void> check(const origin::Answer& answer, const ListRoute& route) {
  return route.subject ? origin::check_index(answer.body, *route.subject) : origin::check_list(answer.body);
}

}  // namespace

Task<void> Lists::answer(http::Exchange& exchange, ListRoute route) {
  auto slot = co_await slots_.take_within(longest_turn, clock_, route.repository.upstream);
  if (!slot) {
    const Error error{ErrorKind::unavailable, "too many lists of this registry are read at once"};
    auto response = unserved(exchange.request(), route, error);
    co_await exchange.respond(std::move(response));
    co_return;
  }
  List list = co_await ask(exchange.request(), route);
  slot.reset();  // a client that reads slowly is in nobody's way
  if (list.rest) {
    co_await pass_on(exchange, std::move(route), std::move(list));
  } else {
    co_await exchange.respond(std::move(list.response));
  }
}

Task<Lists::List> Lists::ask(http::Request request, ListRoute route) {
  const std::string query = query_for_origin(request.query);
  const std::string path = route.list + (query.empty() ? "" : "?" + query);
  const access::Caller caller{route.repository, http::secret_header(request.headers, "Authorization")};
  if (const auto refused = access_.refused_lately(caller)) co_return List{relay(*refused, "NAME_UNKNOWN")};
  auto asked = co_await origin_.ask_long(route.repository, path, header(request, "Accept"), caller.authorization,
                                         most_of_whole(route));
  if (!asked) co_return List{unserved(request, route, asked.error())};
  const origin::Answer& answer = asked->answer;
  if (answer.status == 401) access_.note_refusal(caller, answer);
  if (answer.status == 404 && route.subject) {
    auto list = co_await referrers_by_tag(std::move(request), std::move(route));
    co_return list;
  }
  if (answer.status != 200) co_return List{relay(without_part(std::move(*asked)), "NAME_UNKNOWN")};
  http::Response head = head_of(request, route, answer);
  co_return list_of(request, route, std::move(head), std::move(*asked));
}

// The origin's list, once what has come of it is checked.
Lists::List Lists::list_of(const http::Request& request, const ListRoute& route, http::Response head,
                           origin::LongAnswer answer) {
  if (!answer.rest) {
    const Result<void> checked = check(answer.answer, route);
    if (!checked) return {unserved(request, route, checked.error())};
    learn(route, answer.answer);
    head.body = std::string(text_of(answer.answer.body));
    return {std::move(head)};
  }
  origin::ListCheck passing(route.subject);
  const Result<void> checked = passing.push(answer.answer.body);
  if (!checked) return {unserved(request, route, checked.error())};
  return {std::move(head),
          Rest{std::move(answer.answer.body), answer.answer.length, std::move(passing), std::move(answer.rest)}};
}

// Each part goes out when the next one has come: the last one, once the whole is known to be such a list.
Task<void> Lists::pass_on(http::Exchange& exchange, ListRoute route, List list) {
  Rest rest = std::move(*list.rest);
  list.response.length = rest.length;
  list.response.is_open_ended = !rest.length;
  auto sent = co_await exchange.start(std::move(list.response));
  if (exchange.request().method == "HEAD") co_return;
  Bytes next = std::move(rest.beginning);
  while (sent) {
    const auto part = co_await rest.body->next();
    const bool is_end = part && part->empty();
    Result<void> sound;
    if (!part) sound = tl::unexpected(part.error());
    if (part) sound = is_end ? rest.check.finish() : rest.check.push(*part);
    if (!sound) {
      tell_broken(route, sound.error());
      co_return;
    }
    Bytes ready = std::exchange(next, is_end ? Bytes() : copy_of(*part));
    sent = co_await exchange.send(std::move(ready));
    if (is_end) break;
  }
  Bytes end;
  if (sent && !rest.length) sent = co_await exchange.send(std::move(end));
}

// The origin's list of what refers to a manifest names layers of the repository.
void Lists::learn(const ListRoute& route, const origin::Answer& answer) {
  if (!route.subject) return;
  std::vector<access::Member> members;
  const ManifestFacts facts = read_manifest(text_of(answer.body));
  for (const Descriptor& listed : facts.descriptors)
    members.push_back({listed.digest, listed.size, origin::Kind::manifest});
  access_.learn(route.repository, members);
}

// What comes before the list, with the link to its next page.
http::Response Lists::head_of(const http::Request& request, const ListRoute& route, const origin::Answer& answer) const {
  http::Response response;
  const std::string other = answer.content_type.empty() ? "application/json" : answer.content_type;
  response.headers = {{"Content-Type", route.subject ? origin::index_type : other}};
  if (!answer.filters.empty()) response.headers.push_back({"OCI-Filters-Applied", answer.filters});
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
Task<Lists::List> Lists::referrers_by_tag(http::Request request, ListRoute route) {
  auto asked = co_await origin_.ask_long(route.repository, "manifests/" + referrers_tag(*route.subject),
                                         origin::index_type, http::secret_header(request.headers, "Authorization"),
                                         most_of_whole(route));
  if (!asked) co_return List{unserved(request, route, asked.error())};
  const origin::Answer& answer = asked->answer;
  const bool is_unknown = answer.status == 404 && origin::answered_by(404, {}, text_of(answer.body)).code != "NAME_UNKNOWN";
  if (is_unknown) co_return List{index(empty_index)};
  if (answer.status != 200) co_return List{relay(without_part(std::move(*asked)), "NAME_UNKNOWN")};
  co_return list_of(request, route, index(""), std::move(*asked));
}

}  // namespace shoal::agent::registry
