#include "shared/origin/tokens.hpp"

#include <algorithm>

#include "shared/log/log.hpp"
#include "shared/origin/backoff.hpp"
#include "shared/origin/faults.hpp"
#include "shared/origin/named_hosts.hpp"
#include "shared/origin/redirects.hpp"
#include "shared/origin/requests.hpp"
#include "shared/origin/statuses.hpp"

namespace shoal::origin {
namespace {

constexpr std::size_t most_tokens = 1'024;  // repositories in use at once; each costs up to 32 KiB
constexpr Milliseconds failure_holds{1'000};  // for a herd, whose questions come within moments
constexpr int most_attempts = 3;
constexpr Milliseconds patience{5'000};  // an agent's caller waits for 10 s and more
constexpr Backoff between_attempts{.first = Milliseconds(250), .growth = 4, .longest = Milliseconds(1'000)};

// Another question within moments may be answered otherwise.
bool may_pass(const Error& error) {
  return error.kind == ErrorKind::unavailable && !lasts(error) && error.retry_after <= patience;
}

}  // namespace

std::optional<Secret> Tokens::find(const std::string& key) const {
  const auto found = tokens_.find(key);
  if (found == tokens_.end() || clock_.now() >= std::min(found->second.due, found->second.ends)) return std::nullopt;
  return found->second.text;
}

Task<Result<Secret>> Tokens::find_or_ask(TokenQuestion question) {
  if (const auto kept = find(question.key)) co_return *kept;
  const auto failed = failures_.find(question.key);
  if (failed != failures_.end() && clock_.now() < failed->second.until) co_return failed->second.answer;
  if (asked_.is_asked(question.key)) {
    auto shared = co_await asked_.wait(question.key);
    co_return shared;
  }
  const auto executor = co_await asio::this_coro::executor;
  asked_.begin(question.key, loop_of(executor));
  const auto token = co_await ask(question);
  Answer answer = keep(question.key, token);
  asked_.end(question.key, answer);
  co_return answer;
}

// A token that has not ended yet stands in for one that cannot be had.
Tokens::Answer Tokens::keep(const std::string& key, const Result<Token>& token) {
  const Time now = clock_.now();
  if (!token || token->text.empty()) {
    const auto kept = tokens_.find(key);
    if (!token && kept != tokens_.end() && now < kept->second.ends) {
      kept->second.due = now + patience;
      return kept->second.text;
    }
    Answer answer = token ? Answer(Secret()) : Answer(tl::unexpected(token.error()));
    std::erase_if(failures_, [&](const auto& entry) { return now >= entry.second.until; });
    if (failures_.size() < most_tokens) failures_.insert_or_assign(key, Failure{answer, now + failure_holds});
    return answer;
  }
  const auto earlier = [](const auto& a, const auto& b) { return a.second.due < b.second.due; };
  // The tenth that is left covers a request on its way and clocks that differ.
  const Milliseconds use = std::max(shortest_lifetime, token->lifetime * 9 / 10);
  tokens_.insert_or_assign(key, Kept{token->text, now + use, now + token->lifetime});
  if (tokens_.size() > most_tokens) tokens_.erase(std::min_element(tokens_.begin(), tokens_.end(), earlier));
  return token->text;
}

void Tokens::remove(const std::string& key, const Secret& token) {
  const auto kept = tokens_.find(key);
  if (kept != tokens_.end() && kept->second.text == token) tokens_.erase(kept);
}

// The token's text is empty when it is refused.
Task<Result<Token>> Tokens::ask(TokenQuestion question) {
  const Time give_up = clock_.now() + patience;
  for (int attempts = 1;; ++attempts) {
    Attempt attempt = co_await ask_once(question);
    if (attempt.token || !attempt.may_repeat || attempts == most_attempts) co_return attempt.token;
    const Milliseconds pause = std::max(attempt.token.error().retry_after, between_attempts.after(attempts));
    if (clock_.now() + pause > give_up) co_return attempt.token;
    co_await clock_.sleep(pause);
  }
}

Task<Tokens::Attempt> Tokens::ask_once(TokenQuestion question) {
  const bool has_refresh_token = question.credential && !question.credential->refresh_token.empty();
  if (has_refresh_token) {
    auto attempt = co_await ask_by_refresh(question);
    if (attempt) co_return std::move(*attempt);
  }
  Response response = co_await follow(question, Secret());
  Attempt attempt = co_await read(std::move(question), std::move(response));
  co_return attempt;
}

// Nothing when the endpoint makes nothing of a refresh token: it is to be asked as any other.
Task<std::optional<Tokens::Attempt>> Tokens::ask_by_refresh(TokenQuestion question) {
  const Secret& configured = question.credential->refresh_token;
  const std::string key = question.refresh.key;
  const Secret shown = refresh_tokens_.find(key).value_or(configured);
  Secret form = refresh_form(question.refresh, shown);
  Response response = co_await follow(question, std::move(form));
  const unsigned status = response ? (*response)->status() : 0;
  if (may_lack_oauth2(status)) {
    const Secret now = refresh_tokens_.find(key).value_or(configured);
    const bool is_current = now == shown;
    if (is_current) refresh_tokens_.remove(key);
    if (is_current && shown == configured) co_return std::nullopt;
    // One that the endpoint gave earlier has ended, or another question has brought the next one meanwhile.
    Error error{ErrorKind::unavailable, "fetch a token at " + question.url.authority() + ": the refresh token has ended"};
    co_return Attempt{tl::unexpected(std::move(error)), true};
  }
  Attempt attempt = co_await read(std::move(question), std::move(response));
  if (attempt.token) refresh_tokens_.store(key, attempt.token->refresh_token);
  co_return attempt;
}

Task<Tokens::Attempt> Tokens::read(TokenQuestion question, Response response) {
  if (!response && is_address_refused(response.error())) co_return Attempt{Token{}};
  if (!response) co_return Attempt{tl::unexpected(response.error()), response.error().fault == Fault::closed};
  const unsigned status = (*response)->status();
  if (status == 400 || status == 401 || status == 403) co_return attempt_of_refusal(question, status);
  if (status != 200) {
    std::string text = "fetch a token at " + question.url.authority() + ": status " + std::to_string(status);
    Error error{ErrorKind::unavailable, std::move(text), rest_after(**response)};
    const bool may_repeat = (status == 429 || status >= 500) && may_pass(error);
    co_return Attempt{tl::unexpected(std::move(error)), may_repeat};
  }
  auto body = co_await http::read_all(**response, largest_token_answer);
  if (!body) {
    Error error{ErrorKind::unavailable, "fetch a token at " + question.url.authority() + ": " + body.error().what};
    co_return Attempt{tl::unexpected(std::move(error)), may_pass(body.error())};
  }
  Attempt attempt{parse_token(*body)};
  wipe(*body);
  co_return attempt;
}

// The endpoint's answer behind its redirects, to POST of a form when there is one. `refused` without a fault when our
// rules refuse the way; it was told.
Task<Tokens::Response> Tokens::follow(TokenQuestion question, Secret form) {
  metrics_.token_questions.add();
  const bool is_form = !form.empty();
  http::Url url = is_form ? question.refresh.realm : question.url;
  const Hosts::Asking asking{question.target.name, Line::question, options_.turns.question, ""};
  for (int redirects = 0; redirects <= most_redirects; ++redirects) {
    const std::string fault = fault_of(question, url);
    if (!fault.empty()) co_return tl::unexpected(not_asked(question, url, fault));
    http::ClientRequest request = request_to(url, question.target, options_.limits);
    request.reaches = reaches_beside(question.target, question.registry, url, question.target.realms);
    request.headers.push_back({"Accept", "application/json"});
    if (is_form) make_form_request(request, form);
    if (!is_form && question.credential) request.authorization = basic_header(*question.credential);
    auto response = co_await hosts_.request(std::move(request), asking);
    if (!response && is_address_refused(response.error()))
      co_return tl::unexpected(not_asked(question, url, response.error().what));
    if (!response || !is_redirect((*response)->status())) co_return response;
    if (is_form && may_lack_oauth2((*response)->status())) co_return response;
    const auto location = http::find_header((*response)->headers(), "Location");
    const auto hop = next_hop(url, location, question.may_be_plain ? Plain::allowed : Plain::refused);
    if (!hop && hop.error().kind == ErrorKind::refused)
      co_return tl::unexpected(not_asked(question, url, hop.error().what));
    if (!hop) co_return tl::unexpected(hop.error());
    url = hop->url;
  }
  co_return fail(ErrorKind::unavailable, question.url.authority() + " redirects more than 5 times");
}

// Empty when this URL may be asked.
std::string Tokens::fault_of(const TokenQuestion& question, const http::Url& url) const {
  if (url.scheme != "https" && !question.may_be_plain) return "the token server is not https";
  if (!question.credential || is_related_host(question.target.url.host, url.host)) return {};
  if (names_host(question.target.realms, url)) return {};
  return "the token server is of another domain than the registry, and is not to see its credential";
}

Error Tokens::not_asked(const TokenQuestion& question, const http::Url& url, const std::string& cause) {
  metrics_.refused_hosts.add();
  log::warning("origin", "token server not asked",
               {{"registry", question.target.name},
                {"host", url.authority()},
                {"cause", cause},
                {"next", "if it is right, name the host in `realms` of [upstreams.\"" + question.target.name + "\"]"}});
  return {ErrorKind::refused, cause};
}

Tokens::Attempt Tokens::attempt_of_refusal(const TokenQuestion& question, unsigned status) {
  if (question.credential) {
    metrics_.refused_credentials.add();
    log::warning("origin", "credential refused",
                 {{"registry", question.target.name},
                  {"host", question.url.authority()},
                  {"cause", "the token server answers " + std::to_string(status)},
                  {"next", "renew the credential of [upstreams.\"" + question.target.name + "\"]"}});
  }
  return Attempt{Token{}};
}

}  // namespace shoal::origin
