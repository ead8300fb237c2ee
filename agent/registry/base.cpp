#include "agent/registry/base.hpp"

#include "agent/registry/relay.hpp"
#include "shared/crypto/hasher.hpp"
#include "shared/http/secret_header.hpp"
#include "shared/log/log.hpp"

namespace shoal::agent::registry {
namespace {

constexpr const char* built_in_default = "docker.io";

http::Response supported() {
  http::Response pong;
  pong.headers = {{"Content-Type", "application/json"}, {"Docker-Distribution-Api-Version", "registry/2.0"}};
  pong.body = "{}";
  return pong;
}

}  // namespace

std::string Base::upstream_of(const http::Request& request) const {
  const auto& options = origin_.options();
  std::string upstream = request.query_value("ns").value_or("");
  if (upstream.empty()) upstream = http::find_header(request.headers, "OCI-Namespace").value_or("");
  const bool is_default_named = default_upstream_ != built_in_default || options.upstreams.contains(built_in_default);
  if (upstream.empty() && is_default_named) upstream = default_upstream_;
  const auto target = origin::find_upstream(options, upstream);
  return target ? target->name : std::string();
}

Task<void> Base::answer(http::Exchange& exchange) {
  const http::Request& request = exchange.request();
  http::Response response = supported();
  const std::string upstream = upstream_of(request);
  if (!upstream.empty()) {
    const Secret authorization = http::secret_header(request.headers, "Authorization");
    const SharedQuestion question = find_or_ask(upstream, authorization);
    while (question && !question->is_answered) {
      const auto left = std::chrono::ceil<Milliseconds>(question->asked_at + patience - clock_.now());
      if (left <= Milliseconds::zero()) break;
      co_await question->answered.wait_for(clock_, left);
    }
    if (question && question->refusal) response = *question->refusal;
  }
  co_await exchange.respond(std::move(response));
}

Base::SharedQuestion Base::find_or_ask(const std::string& upstream, const Secret& authorization) {
  const Time now = clock_.now();
  std::erase_if(questions_, [now](const auto& entry) {
    return entry.second->is_answered && now - entry.second->asked_at >= remembered;
  });
  const std::string key =
      upstream + " " + digest_of(DigestAlgorithm::sha256, bytes_of(authorization.reveal())).text();  // the credential is not kept
  const auto known = questions_.find(key);
  if (known != questions_.end()) return known->second;
  if (questions_.size() >= most_remembered) return nullptr;
  const auto question = std::make_shared<Question>(loop_, now);
  questions_[key] = question;
  spawn(loop_, ask(origin_, question, upstream, authorization));
  return question;
}

Task<void> Base::ask(origin::Origin& origin, SharedQuestion question, std::string upstream,
                     Secret authorization) {
  const auto asked = co_await origin.ask_base(upstream, "GET", std::move(authorization));
  if (asked && (asked->status == 401 || asked->status == 403)) question->refusal = relay(*asked, "UNSUPPORTED");
  if (!asked) {
    log::info("registry", "registry did not say whether it needs a login",
              {{"registry", upstream}, {"cause", asked.error().what}});
  }
  question->is_answered = true;
  question->answered.notify();
}

}  // namespace shoal::agent::registry
