#include "shared/http/request_text.hpp"

#include <algorithm>

namespace shoal::http {
namespace {

constexpr const char* user_agent = "User-Agent: shoal/" SHOAL_VERSION "\r\n";

bool is_token(std::string_view text) {
  const auto allowed = [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
           std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
  };
  return !text.empty() && std::all_of(text.begin(), text.end(), allowed);
}

bool is_one_line(std::string_view text) {
  return std::none_of(text.begin(), text.end(), [](char c) { return (c >= 0 && c < 0x20 && c != '\t') || c == 0x7f; });
}

bool is_target(std::string_view text) {
  return text.starts_with('/') && std::all_of(text.begin(), text.end(), [](char c) { return c > 0x20 && c < 0x7f; });
}

// The last lines of a head, and what follows it.
Secret with_credentials(const std::string& text, const Secret& of_proxy, const Secret& of_origin, const Secret& body) {
  const auto line = [](std::string_view name, const Secret& value) {
    return value.empty() ? Secret() : Secret::of({name, value.reveal(), "\r\n"});
  };
  const Secret to_proxy = line("Proxy-Authorization: ", of_proxy);
  const Secret to_origin = line("Authorization: ", of_origin);
  return Secret::of({text, to_proxy.reveal(), to_origin.reveal(), "\r\n", body.reveal()});
}

}  // namespace

Result<Secret> request_text(const ClientRequest& request) {
  const Url& url = request.url;
  const bool is_to_proxy = request.proxy && url.scheme == "http";
  bool sound = is_token(request.method) && is_target(url.target) && is_one_line(request.authorization.reveal());
  std::string text = request.method + " " + (is_to_proxy ? "http://" + url.authority() : "") + url.target +
                     " HTTP/1.1\r\nHost: " + url.authority() + "\r\n" + user_agent +
                     (request.kept ? "Connection: keep-alive\r\n" : "Connection: close\r\n");
  // Without it a server may compress what it sends, and no digest would match: RFC 9110 section 12.5.3.
  if (!find_header(request.headers, "Accept-Encoding")) text += "Accept-Encoding: identity\r\n";
  if (request.proxy) sound = sound && is_one_line(request.proxy->authorization.reveal());
  for (const Header& header : request.headers) {
    if (same_name(header.name, "Proxy-Authorization")) continue;  // a proxy's credential is for it alone
    sound = sound && is_token(header.name) && is_one_line(header.value);
    text += header.name + ": " + header.value + "\r\n";
  }
  if (!sound) return fail(ErrorKind::refused, "a request with a malformed method, path or header");
  const bool has_body = request.method == "POST" || !request.body.empty();
  if (has_body) text += "Content-Length: " + std::to_string(request.body.size()) + "\r\n";
  return with_credentials(text, is_to_proxy ? request.proxy->authorization : Secret(), request.authorization, request.body);
}

Secret connect_text(const ClientRequest& request) {
  const Url& url = request.url;
  const std::string host = url.host.find(':') == std::string::npos ? url.host : "[" + url.host + "]";
  const std::string place = host + ":" + std::to_string(url.port);
  std::string text = "CONNECT " + place + " HTTP/1.1\r\nHost: " + place + "\r\n" + user_agent;
  return with_credentials(text, request.proxy->authorization, Secret(), Secret());
}

Secret connection_key(const ClientRequest& request) {
  std::string key = request.url.scheme + "://" + request.url.authority() + "\n" + request.ca_file + "\n" +
                    (request.insecure ? "*" : "") + "\n" + request.certificate.certificate_file + "\n" +
                    request.certificate.key_file;
  if (!request.proxy) return Secret(key);
  key += "\n" + text(request.proxy->url) + "\n";
  return Secret::of({key, request.proxy->authorization.reveal()});
}

Error at_proxy(const ClientRequest& request, Error error) {
  const Url& url = request.proxy->url;
  error.what = "proxy " + url.scheme + "://" + url.authority() + ": " + error.what;
  return error;
}

}  // namespace shoal::http
