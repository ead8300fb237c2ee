// What [upstreams] may say: each key read, checked and printed.
#include <catch2/catch.hpp>
#include <fstream>

#include "shared/origin/configured_files.hpp"
#include "shared/origin/upstreams.hpp"
#include "tests/unit/origin/credential_script.hpp"

using namespace shoal;
using namespace shoal::origin;
using namespace shoal::test;

namespace {

config::Describe describe_all(Options& options) {
  return [&](config::Section& root) { describe(root, options); };
}

// Of `[upstreams."a.io"]` with these lines.
struct Read {
  explicit Read(const std::string& keys, const config::Variables& variables = {})
      : notices(config::read_text("[upstreams.\"a.io\"]\n" + keys, "f", describe_all(options), variables)) {}
  const Upstream& upstream() const { return options.upstreams.at("a.io"); }
  std::string notice() const { return notices.empty() ? "" : notices[0].text; }
  std::string print() { return config::print(describe_all(options)); }

  Options options;
  std::vector<config::Notice> notices;
};

std::string fault_of(const std::string& keys, const config::Variables& variables = {}) {
  try {
    Read read(keys, variables);
  } catch (const StartError& error) {
    CHECK(error.exit_code() == 2);
    return error.what();
  }
  return "";
}

class Files {
 public:
  std::string make(const std::string& name, const std::string& text) const {
    const std::string path = directory_.path() + "/" + name;
    std::ofstream(path) << text;
    return path;
  }

 private:
  TemporaryDirectory directory_;
};

std::string key(const std::string& name, const std::string& value) {
  return name + " = \"" + value + "\"\n";
}

const std::string certificate = "-----BEGIN CERTIFICATE-----\nMA==\n-----END CERTIFICATE-----\n";
const std::string private_key = "-----BEGIN PRIVATE KEY-----\nMA==\n-----END PRIVATE KEY-----\n";

}  // namespace

TEST_CASE("every key of an upstream is read, found good and printed again") {
  const Files files;
  const std::string keys = key("url", "https://proxy.a.io/base") + key("path_prefix", "hub-proxy") +
                           key("ca", files.make("ca", certificate)) +
                           key("client_certificate", files.make("certificate", certificate)) +
                           key("client_key", files.make("key", private_key)) +
                           key("username_file", files.make("user", "me")) +
                           key("password_file", files.make("password", "secret")) + key("proxy", "http://proxy:3128") +
                           key("proxy_username_file", files.make("proxy_user", "p")) +
                           key("proxy_password_file", files.make("proxy_password", "q")) +
                           "realms = [\"auth.b.io\", \"*.c.io:8443\"]\nredirects = [\"10.0.0.1:9000\"]\n";
  Read read(keys);
  CHECK(read.notices.empty());
  const Upstream& upstream = read.upstream();
  CHECK(upstream.path_prefix == "hub-proxy");
  CHECK(upstream.client.certificate_file.ends_with("/certificate"));
  CHECK(upstream.client.key_file.ends_with("/key"));
  CHECK(upstream.proxy.url == "http://proxy:3128");
  CHECK(upstream.realms == std::vector<std::string>{"auth.b.io", "*.c.io:8443"});
  CHECK(upstream.redirects == std::vector<std::string>{"10.0.0.1:9000"});
  CHECK(unreadable_files(read.options).empty());
  const std::string printed = read.print();
  Options again;
  config::read_text(printed, "f", describe_all(again));
  CHECK(config::print(describe_all(again)) == printed);
  CHECK(again.upstreams.at("a.io").proxy.username_file == upstream.proxy.username_file);
  const auto target = find_upstream(read.options, "a.io");
  REQUIRE(target);
  CHECK(target->path_prefix == "hub-proxy");
  CHECK(target->client.key_file == upstream.client.key_file);
  CHECK(target->realms == upstream.realms);
  CHECK(target->redirects == upstream.redirects);
}

TEST_CASE("a path prefix is steps of a path, without slashes at its ends") {
  for (const char* good : {"hub-proxy", "a/b", "Proxy_1.2"}) {
    CAPTURE(good);
    CHECK(fault_of(key("path_prefix", good)).empty());
  }
  for (const char* bad : {"/hub", "hub/", "a//b", "..", "a/../b", ".", "v2 x", "a?b", "a:b", "%2e", "/"}) {
    CAPTURE(bad);
    CHECK_THAT(fault_of(key("path_prefix", bad)),
               Catch::Contains("f:2: [upstreams.\"a.io\"] path_prefix") && Catch::Contains("write for example \"hub-proxy\""));
  }
}

TEST_CASE("a certificate and its key belong together, and so do the proxy's user and password") {
  CHECK_THAT(fault_of(key("client_certificate", "/c")), Catch::Contains("client_certificate and client_key belong together"));
  CHECK_THAT(fault_of(key("client_key", "/k")), Catch::Contains("client_certificate and client_key belong together"));
  CHECK_THAT(fault_of(key("proxy", "http://p:1") + key("proxy_username_file", "/u")), Catch::Contains("belong together"));
}

TEST_CASE("a file of another kind is noticed as one that cannot be used, by its key and what it lacks") {
  const Files files;
  const std::string text = files.make("text", "hunter2");
  const std::string good = files.make("pem", certificate + private_key);
  const auto notice_of = [](const std::string& keys) {
    const Read read(keys);
    REQUIRE(read.notices.size() == 1);
    CHECK(read.notices[0].is_missing_file);
    CHECK_THAT(read.notice(), !Catch::Contains("hunter2"));
    const auto files_now = unreadable_files(read.options);
    REQUIRE(files_now.size() == 1);
    return files_now[0].key + ": " + read.notice();
  };
  CHECK_THAT(notice_of(key("ca", text)), Catch::StartsWith("ca: ") && Catch::Contains(text + ": has no certificate in PEM"));
  CHECK_THAT(notice_of(key("client_certificate", good) + key("client_key", text)),
             Catch::StartsWith("client_key: ") && Catch::Contains("has no private key in PEM"));
  CHECK_THAT(notice_of(key("client_certificate", "/nowhere/c") + key("client_key", good)),
             Catch::StartsWith("client_certificate: ") && Catch::Contains("/nowhere/c"));
  CHECK_THAT(notice_of(key("auth_file", text)), Catch::StartsWith("auth_file: ") && Catch::Contains("JSON"));
  CHECK_THAT(notice_of(key("auth_file", "/nowhere/auth.json")), Catch::Contains("/nowhere/auth.json"));
  CHECK_THAT(notice_of(key("credential_helper", "nobody-has-it")),
             Catch::StartsWith("credential_helper: ") && Catch::Contains("docker-credential-nobody-has-it"));
  CHECK_THAT(notice_of(key("proxy", "http://p:1") + key("proxy_username_file", text) + key("proxy_password_file", "/nowhere/p")),
             Catch::StartsWith("proxy_password_file: "));
}

TEST_CASE("an upstream has one source of a credential") {
  const Files files;
  const std::string pair = key("username_file", files.make("u", "x")) + key("password_file", files.make("p", "x"));
  const std::string file = key("auth_file", files.make("auth", R"({"auths":{"a.io":{"auth":"eDp5"}}})"));
  const HelperScript helper(gives_me);
  const std::string program = key("credential_helper", helper.path());
  for (const std::string& one : {pair, file, program}) CHECK(Read(one).notices.empty());
  for (const std::string& several : {pair + file, pair + program, file + program, pair + file + program})
    CHECK_THAT(fault_of(several), Catch::Contains("one source of a credential too many"));
}

TEST_CASE("an auth file without the registry is noticed, and keeps nothing from starting") {
  const Files files;
  const Read read(key("auth_file", files.make("auth", R"({"auths":{"b.io":{"auth":"eDp5"}}})")));
  REQUIRE(read.notices.size() == 1);
  CHECK_FALSE(read.notices[0].is_missing_file);
  CHECK_THAT(read.notice(), Catch::Contains("names no credential for a.io"));
}

TEST_CASE("an auth file whose helper is not there, or whose entry is malformed, is noticed") {
  const Files files;
  for (const char* bad : {R"({"credHelpers":{"a.io":"nobody-has-it"}})", R"({"credsStore":"nobody-has-it"})",
                          R"({"auths":{"a.io":{"auth":"!"}}})"}) {
    CAPTURE(bad);
    const Read read(key("auth_file", files.make("auth", bad)));
    REQUIRE(read.notices.size() == 1);
    CHECK(read.notices[0].is_missing_file);
    CHECK_THAT(read.notice(), Catch::Contains("auth_file: "));
  }
}

TEST_CASE("a helper is a name or an absolute path") {
  for (const char* bad : {"../x", "a b", "bin/x"})
    CHECK_THAT(fault_of(key("credential_helper", bad)), Catch::Contains("write for example \"ecr-login\""));
}

TEST_CASE("a password of any source that travels unencrypted is noticed") {
  const Files files;
  const std::string file = key("auth_file", files.make("auth", R"({"auths":{"a.io:80":{"auth":"eDp5"},"a.io":{"auth":"eDp5"}}})"));
  CHECK_THAT(Read(key("url", "http://a.io") + file).notice(), Catch::Contains("auth_file: the password travels unencrypted"));
  const HelperScript helper(gives_me);
  CHECK_THAT(Read(key("url", "http://a.io") + key("credential_helper", helper.path())).notice(),
             Catch::Contains("credential_helper: the password travels unencrypted"));
}

TEST_CASE("a certificate that is not verified is noticed with what to write") {
  CHECK_THAT(Read("insecure = true\n").notice(), Catch::Contains("f:2: [upstreams.\"a.io\"] insecure") && Catch::Contains("`ca`"));
  CHECK(Read("insecure = false\n").notices.empty());
}

TEST_CASE("a proxy is named by its URL, and its password only in a file") {
  CHECK(fault_of(key("proxy", "")).empty());
  CHECK(fault_of(key("proxy", "environment")).empty());
  CHECK(fault_of(key("proxy", "proxy:3128")).empty());
  for (const char* bad : {"socks5://p:1", "http://", "http://p:1/path", "none of these"})
    CHECK_THAT(fault_of(key("proxy", bad)), Catch::Contains("write for example \"http://proxy.example.com:3128\""));
  CHECK(Read(key("proxy", "https://p:1")).upstream().proxy.url == "https://p:1");
  const std::string with_password = fault_of(key("proxy", "http://me:hunter2@p:1"));
  CHECK_THAT(with_password, Catch::Contains("proxy_password_file") && !Catch::Contains("hunter2"));
  const Files files;
  const std::string pair = key("proxy_username_file", files.make("u", "x")) + key("proxy_password_file", files.make("p", "x"));
  CHECK_THAT(fault_of(pair), Catch::Contains("belongs to a `proxy` that is named here"));
}

TEST_CASE("hosts of realms and redirects are hosts") {
  for (const char* name : {"realms", "redirects"}) {
    CAPTURE(name);
    CHECK(fault_of(std::string(name) + " = [\"a.io:1\", \"*.b.io\"]\n").empty());
    for (const char* bad : {"https://a.io", "*", "a.io/token", ""}) {
      const std::string fault = fault_of(std::string(name) + " = [\"" + bad + "\"]\n");
      CHECK_THAT(fault, Catch::Contains(std::string("] ") + name + ": \"" + bad + "\" is neither HOST[:PORT] nor *.DOMAIN[:PORT]"));
    }
  }
}

TEST_CASE("who may have what of a registry is read by its name, and a mode is one of two") {
  Read read("[upstreams.\"R.io\"]\naccess = \"node\"\noffline_grace = \"10m\"\n");
  CHECK(read.options.access.at("r.io").mode == access_node);
  CHECK(read.options.access.at("r.io").offline_grace == std::chrono::minutes(10));
  CHECK(fault_of("access = \"origin\"\n").empty());
  CHECK(fault_of("access = \"\"\n").empty());
  CHECK_THAT(fault_of("access = \"nodes\"\n"), Catch::Contains("\"nodes\" is neither \"origin\" nor \"node\""));
}

TEST_CASE("the environment's proxies are read, and printed without user and password") {
  Read read("", {{"HTTPS_PROXY", "http://me:hunter2@proxy:3128"}, {"no_proxy", ".b.io"}});
  REQUIRE(read.options.proxies.for_https);
  CHECK(read.options.proxies.for_https->authorization == basic_header({"me", Secret("hunter2")}));
  const std::string printed = read.print();
  CHECK_THAT(printed, Catch::Contains("# HTTPS_PROXY: http://proxy:3128, with a user name and password\n# NO_PROXY: .b.io\n") &&
                          !Catch::Contains("hunter2") && !Catch::Contains("HTTP_PROXY: "));
  CHECK_THAT(printed, Catch::Contains("\nproxy = \"environment\"\n"));
  const std::string fault = fault_of("", {{"HTTP_PROXY", "socks5://me:hunter2@proxy:1"}});
  CHECK_THAT(fault, Catch::Contains("HTTP_PROXY is not a proxy's URL") && !Catch::Contains("hunter2"));
}

TEST_CASE("allowed registries come from the environment, and a registry's own table does not") {
  Options options;
  const auto notices = config::read_text("", "f", describe_all(options), {{"SHOAL_UPSTREAMS_ALLOW", "a.io,*.b.io"}});
  CHECK(notices.empty());
  CHECK(options.allow == std::vector<std::string>{"a.io", "*.b.io"});
}

namespace {

Target with_prefix(const std::string& prefix) {
  Target target;
  target.path_prefix = prefix;
  return target;
}

}  // namespace

TEST_CASE("a repository has the prefix at its registry, and the registry itself has none") {
  Target target = with_prefix("hub-proxy");
  CHECK(repository_at(target, "library/alpine") == "hub-proxy/library/alpine");
  CHECK(repository_at(target, "").empty());
  target.path_prefix.clear();
  CHECK(repository_at(target, "library/alpine") == "library/alpine");
}

TEST_CASE("links come back without the prefix") {
  const Target target = with_prefix("hub-proxy");
  const auto link = [&](const std::string& text) { return without_prefix(target, {text})[0]; };
  CHECK(link("</v2/hub-proxy/lib/a/tags/list?last=b&n=5>; rel=\"next\"") == "</v2/lib/a/tags/list?last=b&n=5>; rel=\"next\"");
  CHECK(link("<https://a.io/base/v2/hub-proxy/lib/a/tags/list>; rel=\"next\"") ==
        "<https://a.io/base/v2/lib/a/tags/list>; rel=\"next\"");
  CHECK(link("</v2/hub-proxy/a>; rel=\"x\", </v2/hub-proxy/b>; rel=\"next\"") == "</v2/a>; rel=\"x\", </v2/b>; rel=\"next\"");
  for (const char* other : {"</v2/hub-proxy-2/a>; rel=\"next\"", "<tags/list?last=hub-proxy>; rel=\"next\"", "", "</v2/lib/a>"})
    CHECK(link(other) == other);
  CHECK(without_prefix(with_prefix(""), {"</v2/hub-proxy/a>"})[0] == "</v2/hub-proxy/a>");
}
