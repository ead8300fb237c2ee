// GuardedRegistry: a registry that answers those it knows, with a token server beside it. CredentialFiles: what a client
// is configured with.
#pragma once

#include <algorithm>
#include <fstream>
#include <functional>
#include <future>

#include "tests/doubles/temporary_directory.hpp"
#include "tests/unit/origin/origin_fixture.hpp"

namespace shoal::test {

inline constexpr const char* basic_of_me = "Basic bWU6c2VjcmV0";   // me:secret
inline constexpr const char* basic_of_new = "Basic bWU6cmVuZXdlZA==";  // me:renewed

class GuardedRegistry : public FakeRegistry {
 public:
  // `host`: the name by which it is known, of those that mean this machine.
  explicit GuardedRegistry(std::string host = "127.0.0.1") : host_(std::move(host)) {
    routes().Get("/v2/", [this](const auto&, auto& response) {
      response.status = ping_status;
      if (!ping_challenge.empty()) response.set_header("WWW-Authenticate", ping_challenge);
    });
    routes().Get("/v2/(.+)", [this](const auto& request, auto& response) {
      if (accepts(request.get_header_value("Authorization"))) {
        response.set_content("granted", "a/b");
      } else {
        response.status = refusal;
        response.set_header("WWW-Authenticate", challenge);
        response.set_content("{}", "application/json");
      }
      if (resource_hook) resource_hook(request, response);
    });
    routes().Get("/token", [this](const auto& request, auto& response) {
      if (held.valid()) held.wait();
      response.status = token_status;
      for (const auto& [name, value] : token_headers) response.set_header(name.c_str(), value);
      response.set_content(token_answer, "application/json");
      if (token_hook) token_hook(request, response);
    });
    start();
    challenge = "Bearer realm=\"" + at("/token") + "\",service=\"reg\",scope=\"repository:lib/a:pull\"";
  }
  std::vector<std::string> accepted{"Bearer t1"};
  std::string challenge;
  int refusal = 401;
  int ping_status = 404;
  std::string ping_challenge;
  std::string token_answer = R"({"token":"t1","expires_in":100})";
  int token_status = 200;
  std::vector<std::pair<std::string, std::string>> token_headers;
  // Have the last word of an answer.
  std::function<void(const httplib::Request&, httplib::Response&)> resource_hook;
  std::function<void(const httplib::Request&, httplib::Response&)> token_hook;
  std::shared_future<void> held;  // the token server answers when it is ready

  std::string at(const std::string& path) const { return "http://" + host_ + ":" + std::to_string(port()) + path; }
  void accept(std::string authorization) { accepted = {std::move(authorization)}; }
  int count(const std::string& path) {
    int found = 0;
    for (const auto& request : seen()) found += request.target.starts_with(path) ? 1 : 0;
    return found;
  }
  bool has_seen(const std::string& text) {
    for (const auto& request : seen()) {
      if (request.authorization.find(text) != std::string::npos) return true;
    }
    return false;
  }
  // The questions to the token server, without what comes before their query.
  std::vector<std::string> token_questions() {
    std::vector<std::string> found;
    for (const auto& request : seen()) {
      if (request.target.starts_with("/token?")) found.push_back(request.target.substr(7));
    }
    return found;
  }

 private:
  bool accepts(const std::string& authorization) const {
    return std::find(accepted.begin(), accepted.end(), authorization) != accepted.end();
  }
  std::string host_;
};

class CredentialFiles {
 public:
  explicit CredentialFiles(OriginClient& client, const std::string& upstream = "reg.test") {
    auto& configured = client.options.upstreams[upstream];
    configured.username_file = directory_.path() + "/user";
    configured.password_file = directory_.path() + "/password";
    std::ofstream(configured.username_file) << "me\n";
    write_password("secret");
  }
  void write_password(const std::string& password) {
    std::ofstream(directory_.path() + "/password") << password << "\n";
  }

 private:
  TemporaryDirectory directory_;
};

inline unsigned status_of(const Result<origin::Answer>& answer) {
  return answer ? answer->status : 0;
}

}  // namespace shoal::test
