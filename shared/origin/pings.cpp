#include "shared/origin/pings.hpp"

#include "shared/origin/requests.hpp"

namespace shoal::origin {
namespace {

constexpr Milliseconds holds{3'600'000};         // a registry's scheme changes with its configuration only
constexpr Milliseconds failure_holds{60'000};    // then a registry that did not answer is asked again

}  // namespace

const Ping* Pings::find(const std::string& upstream) const {
  const auto found = answers_.find(upstream);
  return found == answers_.end() || clock_.now() >= found->second.until ? nullptr : &found->second.ping;
}

void Pings::store(const std::string& upstream, Ping ping) {
  answers_.insert_or_assign(upstream, Answer{std::move(ping), clock_.now() + holds});
}

Task<Ping> Pings::find_or_ask(Place place) {
  const std::string upstream = place.target.name;
  if (const Ping* known = find(upstream)) co_return *known;
  if (asked_.is_asked(upstream)) {
    Ping shared = co_await asked_.wait(upstream);
    co_return shared;
  }
  const auto executor = co_await asio::this_coro::executor;
  asked_.begin(upstream, loop_of(executor));
  Milliseconds lifetime = holds;
  const Ping ping = co_await ask(std::move(place), &lifetime);
  answers_.insert_or_assign(upstream, Answer{ping, clock_.now() + lifetime});
  asked_.end(upstream, ping);
  co_return ping;
}

// Redirects are not followed: the challenge of another host says nothing of this one.
Task<Ping> Pings::ask(Place place, Milliseconds* lifetime) {
  http::Url url = place.target.url;
  url.target += "/v2/";
  const Hosts::Asking asking{place.target.name, Line::question, options_.turns.question, ""};
  http::ClientRequest request = request_to(url, place.target, options_.limits);
  const auto response = co_await hosts_.request(std::move(request), asking);
  const bool is_answered = response && (*response)->status() != 429 && (*response)->status() < 500;
  if (!is_answered) *lifetime = failure_holds;
  if (!is_answered) co_return Ping{};
  const auto challenges = parse_challenges(http::header_lines((*response)->headers(), "WWW-Authenticate"));
  co_return Ping{challenges, (*response)->status() == 401, reach_of(options_, place.target, url, **response)};
}

}  // namespace shoal::origin
