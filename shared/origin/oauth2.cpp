#include "shared/origin/oauth2.hpp"

#include <algorithm>
#include <array>

namespace shoal::origin {
namespace {

constexpr const char* client_id = "shoal";  // need not be registered: it is for the service's own log
constexpr std::size_t most_tokens = 256;    // as many credentials are in use; all are forgotten beyond

// By character, so that no other copy of the whole is made.
void append_encoded(Secret& form, std::string_view text) {
  for (const char& c : text) form.append(http::percent_encode({&c, 1}));
}

}  // namespace

Secret refresh_form(const RefreshQuestion& question, const Secret& refresh_token) {
  Secret form(std::string_view("grant_type=refresh_token&client_id="));
  form.append(client_id);
  form.append("&service=");
  append_encoded(form, question.service);
  form.append("&scope=");
  append_encoded(form, question.scope);
  form.append("&refresh_token=");
  append_encoded(form, refresh_token.reveal());
  return form;
}

void make_form_request(http::ClientRequest& request, const Secret& form) {
  request.method = "POST";
  request.headers.push_back({"Content-Type", "application/x-www-form-urlencoded"});
  request.body = form;
}

bool may_lack_oauth2(unsigned status) {
  constexpr std::array<unsigned, 7> statuses{303, 400, 401, 404, 405, 415, 501};
  return std::ranges::find(statuses, status) != statuses.end();
}

std::optional<Secret> RefreshTokens::find(const std::string& key) const {
  const auto found = tokens_.find(key);
  if (found == tokens_.end()) return std::nullopt;
  return found->second;
}

void RefreshTokens::store(const std::string& key, const Secret& token) {
  if (token.empty()) return;
  if (tokens_.size() >= most_tokens && !tokens_.contains(key)) tokens_.clear();
  tokens_.insert_or_assign(key, token);
}

}  // namespace shoal::origin
