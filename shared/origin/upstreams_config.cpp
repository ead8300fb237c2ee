// The keys of [upstreams]: reads, checks and prints them.
#include "shared/http/server.hpp"
#include "shared/origin/auth_file.hpp"
#include "shared/origin/configured_files.hpp"
#include "shared/origin/credential_program.hpp"
#include "shared/origin/named_hosts.hpp"
#include "shared/origin/registry_name.hpp"
#include "shared/origin/upstreams.hpp"
#include "shared/origin/registry_name.hpp"

namespace shoal::origin {
namespace {

bool is_path_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-';
}

// "hub-proxy", "proxies/hub": no slash at an end, no "." and "..".
bool is_path_prefix(std::string_view text) {
  while (true) {
    const std::string_view step = text.substr(0, text.find('/'));
    if (step.empty() || step == "." || step == ".." || !std::all_of(step.begin(), step.end(), is_path_character)) return false;
    if (step.size() == text.size()) return true;
    text.remove_prefix(step.size() + 1);
  }
}

void describe_url(config::Section& section, Upstream& upstream) {
  section.key("url", upstream.url, "Where it is; empty for https:// and the name.");
  section.key("path_prefix", upstream.path_prefix,
              "Path under /v2/ that a proxy cache has the registry's images at: \"hub-proxy\".");
  if (!upstream.url.empty()) {
    const auto url = http::parse_url(upstream.url);
    if (!url) section.fault("url", url.error().what);
    if (url && url->target.find('?') != std::string::npos) section.fault("url", "must not have a query");
  }
  if (!upstream.path_prefix.empty() && !is_path_prefix(upstream.path_prefix)) {
    section.fault("path_prefix", "is no path of repositories; write for example \"hub-proxy\", without /v2/ and without a "
                                 "slash at its ends");
  }
}

// Two files that are of use together only.
void check_both(config::Section& section, const char* first, const std::string& first_file, const char* second,
                const std::string& second_file) {
  if (first_file.empty() == second_file.empty()) return;
  section.fault(first_file.empty() ? second : first, std::string(first) + " and " + second + " belong together");
}

void check_pem(config::Section& section, const char* key, const std::string& path,
               Result<std::string> (*check)(const std::string&)) {
  const Result<std::string> checked = path.empty() ? Result<std::string>(path) : check(path);
  if (!checked) section.unusable(key, checked.error().what);
}

void describe_trust(config::Section& section, Upstream& upstream) {
  http::ClientCertificate& client = upstream.client;
  section.key("ca", upstream.ca, "PEM file with the certificates to trust instead of the system's.");
  section.key("client_certificate", client.certificate_file,
              "PEM file with this node's own certificate and its chain, for a registry that asks for one.");
  section.key("client_key", client.key_file, "PEM file with its private key.");
  section.key("insecure", upstream.insecure, "Accept any certificate. For tests only.");
  check_both(section, "client_certificate", client.certificate_file, "client_key", client.key_file);
  check_pem(section, "ca", upstream.ca, check_certificates);
  check_pem(section, "client_certificate", client.certificate_file, check_certificates);
  check_pem(section, "client_key", client.key_file, check_private_key);
  if (upstream.insecure) {
    section.warning("insecure", "any host can pose as the registry and read the credential; name its issuer in `ca` instead");
  }
}

// Whether the file names a credential for the registry, which an image of it would be pulled with.
void check_entry(config::Section& section, const std::string& name, const Upstream& upstream) {
  const auto file = read_auth_file(upstream.auth_file);
  if (!file) return section.unusable("auth_file", file.error().what);
  Options only;
  only.upstreams[registry_name(name)] = upstream;
  const auto target = find_upstream(only, name);
  if (!target) return;
  const auto choice = choose(*file, target->url, upstream.path_prefix);
  if (!choice) return section.unusable("auth_file", upstream.auth_file + ": " + choice.error().what);
  const auto program = choice->helper.empty() ? Result<std::string>() : find_helper(choice->helper);
  if (!program) return section.unusable("auth_file", upstream.auth_file + ": " + program.error().what);
  if (names_registry(*file, target->url)) return;
  section.warning("auth_file", upstream.auth_file + " names no credential for " + target->url.authority() +
                                   "; log in to that registry, or leave the key out");
}

void describe_credential(config::Section& section, const std::string& name, Upstream& upstream) {
  section.key("username_file", upstream.username_file, "File with the user name to authenticate with.");
  section.key("password_file", upstream.password_file, "File with the password or access token.");
  section.key("auth_file", upstream.auth_file, "Instead of these two: docker's config.json or podman's auth.json.");
  section.key("credential_helper", upstream.credential_helper,
              "Instead of these: \"ecr-login\" for the program docker-credential-ecr-login, or its path.");
  check_both(section, "username_file", upstream.username_file, "password_file", upstream.password_file);
  const int sources = !upstream.username_file.empty() + !upstream.auth_file.empty() + !upstream.credential_helper.empty();
  if (sources > 1) {
    section.fault(upstream.credential_helper.empty() ? "auth_file" : "credential_helper",
                  "is one source of a credential too many; write username_file and password_file, or auth_file, or "
                  "credential_helper");
  }
  section.check_file("username_file", upstream.username_file);
  section.check_file("password_file", upstream.password_file);
  if (!upstream.auth_file.empty()) check_entry(section, name, upstream);
  if (!upstream.credential_helper.empty() && !is_helper_name(upstream.credential_helper)) {
    section.fault("credential_helper", "is neither a helper's name nor an absolute path; write for example \"ecr-login\"");
  } else if (!upstream.credential_helper.empty()) {
    const auto program = find_helper(upstream.credential_helper);
    if (!program) section.unusable("credential_helper", program.error().what);
  }
  const auto url = http::parse_url(upstream.url);
  if (sources > 0 && url && url->scheme == "http" && !http::is_loopback(url->host)) {
    const char* key = !upstream.auth_file.empty()           ? "auth_file"
                      : !upstream.credential_helper.empty() ? "credential_helper"
                                                            : "password_file";
    section.warning(key, "the password travels unencrypted to " + url->host + "; use an https url");
  }
}

void describe_proxy(config::Section& section, UpstreamProxy& proxy) {
  section.key("proxy", proxy.url,
              "\"http://HOST:PORT\" or https:// of an HTTP proxy for all requests of this registry, also where it redirects to; "
              "\"environment\": as HTTPS_PROXY, HTTP_PROXY and NO_PROXY say; empty: none.");
  section.key("proxy_username_file", proxy.username_file, "File with the user name for that proxy.");
  section.key("proxy_password_file", proxy.password_file, "File with the password for that proxy.");
  check_both(section, "proxy_username_file", proxy.username_file, "proxy_password_file", proxy.password_file);
  section.check_file("proxy_username_file", proxy.username_file);
  section.check_file("proxy_password_file", proxy.password_file);
  const bool is_named = !proxy.url.empty() && proxy.url != proxy_of_environment;
  if (is_named && proxy.url.find('@') != std::string::npos) {
    proxy.url.clear();  // no printer shows it
    section.fault("proxy", "has a user name or a password in it; write them in proxy_username_file and proxy_password_file");
  } else if (is_named) {
    const auto url = parse_proxy_url(proxy.url);
    if (!url) section.fault("proxy", url.error().what);
  }
  if (!is_named && !proxy.username_file.empty()) {
    section.fault("proxy_username_file", "belongs to a `proxy` that is named here; one of the environment has its user and "
                                         "password in its URL");
  }
}

void describe_hosts(config::Section& section, Upstream& upstream) {
  section.key("realms", upstream.realms,
              "Further hosts that may see the credential, to give a token for it: \"auth.example.com\", "
              "\"*.example.com\", with a port unless it is the scheme's own.");
  section.key("redirects", upstream.redirects,
              "Hosts that the registry may redirect to though their addresses are private or of this machine; written alike.");
  const auto check = [&](const char* key, const std::vector<std::string>& patterns) {
    for (const std::string& pattern : patterns) {
      if (!is_host_pattern(pattern)) section.fault(key, "\"" + pattern + "\" is neither HOST[:PORT] nor *.DOMAIN[:PORT]");
    }
  };
  check("realms", upstream.realms);
  check("redirects", upstream.redirects);
}

void describe_access(config::Section& section, UpstreamAccess& access) {
  section.key("access", access.mode,
              "Agents: \"origin\": what the registry lets a caller have; \"node\": all who reach the agent's port have all of "
              "it; empty: as [registry] says.");
  section.key("offline_grace", access.offline_grace,
              "Agents: how long after its end a caller's grant counts again while the registry is down; \"0s\": not at all.");
  const bool is_known = access.mode.empty() || access.mode == access_origin || access.mode == access_node;
  if (!is_known) section.fault("access", "\"" + access.mode + "\" is neither \"origin\" nor \"node\"");
}

void describe_upstream(config::Section& section, const std::string& name, Upstream& upstream) {
  describe_url(section, upstream);
  describe_trust(section, upstream);
  describe_credential(section, name, upstream);
  describe_proxy(section, upstream.proxy);
  describe_hosts(section, upstream);
}

void describe_allow(config::Section& section, Options& options) {
  section.key("allow", options.allow,
              "Further registries that may be asked, by https and without a credential: exact names or "
              "\"*.example.com\".");
  for (const std::string& pattern : options.allow) {
    const std::string name = pattern.starts_with("*.") ? pattern.substr(2) : pattern;
    if (!is_upstream_name(name)) section.fault("allow", "\"" + pattern + "\" is neither HOST[:PORT] nor *.DOMAIN");
  }
}

void note_proxy(config::Section& section, const char* name, const std::optional<http::Proxy>& proxy) {
  if (!proxy) return;
  section.note(std::string(name) + ": " + proxy->url.scheme + "://" + proxy->url.authority() +
               (proxy->authorization.empty() ? "" : ", with a user name and password"));
}

// What is no key, and decides all the same where requests go.
void describe_environment(config::Section& section, Options& options) {
  if (section.printing()) {
    note_proxy(section, "HTTPS_PROXY", options.proxies.for_https);
    note_proxy(section, "HTTP_PROXY", options.proxies.for_http);
    const bool has_proxy = options.proxies.for_https || options.proxies.for_http;
    if (has_proxy && !options.proxies.exceptions.empty()) section.note("NO_PROXY: " + options.proxies.exceptions);
    return;
  }
  auto proxies = read_environment_proxies([&](const std::string& name) { return section.variable(name); });
  if (!proxies) return section.fault("the environment", proxies.error().what);
  options.proxies = std::move(*proxies);
}

}  // namespace

void describe(config::Section& root, Options& options) {
  root.section("upstreams", [&options](config::Section& upstreams) {
    describe_environment(upstreams, options);
    describe_allow(upstreams, options);
    std::vector<std::string> names;
    for (const auto& [name, upstream] : options.upstreams) names.push_back(name);
    if (names.empty()) {
      upstreams.example("registry.example.com:5000", [](config::Section& section) {
        Upstream example;
        NamedRegistries named;
        std::map<std::string, std::string> no_aliases;
        UpstreamAccess access;
        describe_upstream(section, "registry.example.com:5000", example);
        describe_access(section, access);
        describe_names(section, "registry.example.com:5000", no_aliases, named);
      });
    }
    NamedRegistries named;
    upstreams.each("", names, [&](const std::string& name, config::Section& section) {
      describe_upstream(section, name, options.upstreams[registry_name(name)]);
      describe_access(section, options.access[registry_name(name)]);
      describe_names(section, name, options.aliases, named);
    });
  });
}

}  // namespace shoal::origin
