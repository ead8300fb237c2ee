#include "shared/origin/configured_files.hpp"

#include <algorithm>
#include <fstream>

#include "shared/origin/auth_file.hpp"
#include "shared/origin/credential_program.hpp"

namespace shoal::origin {
namespace {

bool is_control(char c) {
  return (c >= 0 && c < 0x20) || c == 0x7f;
}

std::string_view without_line_break(std::string_view text) {
  if (text.ends_with('\n')) text.remove_suffix(1);
  if (text.ends_with('\r')) text.remove_suffix(1);
  return text;
}

// Google's key of a service account, which is the password of the user "_json_key".
bool is_json_object(std::string_view text) {
  return text.starts_with('{') && text.ends_with('}') && text.find('\0') == std::string_view::npos;
}

Result<std::string> check_block(const std::string& path, const char* block, const char* what) {
  const auto content = read_whole(path, longest_pem_file);
  if (!content) return tl::unexpected(content.error());
  const std::string_view text = content->reveal();
  const std::size_t begin = text.find("-----BEGIN ");
  if (begin == std::string_view::npos || text.find(block, begin) == std::string_view::npos)
    return unreadable(path + ": has no " + what + " in PEM");
  return path;
}

// Of a key that names a file.
template <class T>
Result<T> under_key(const std::string& key, Result<T> value) {
  return value.map_error([&key](Error error) {
    error.what = key + " " + error.what;
    return error;
  });
}

}  // namespace

tl::unexpected<Error> unreadable(std::string what) {
  return tl::unexpected<Error>(Error{ErrorKind::refused, std::move(what), Milliseconds(0), Fault::file_unreadable});
}

Result<Secret> read_whole(const std::string& path, std::size_t longest) {
  std::ifstream file;
  file.rdbuf()->pubsetbuf(nullptr, 0);  // no copy in a buffer of the stream's own
  file.open(path, std::ios::binary);
  Secret text;
  char chunk[4096];
  while (text.size() <= longest && (file.read(chunk, sizeof chunk) || file.gcount() > 0))
    text.append({chunk, static_cast<std::size_t>(file.gcount())});
  wipe(std::as_writable_bytes(std::span(chunk)));
  if (!file.is_open() || file.bad() || text.empty() || text.size() > longest)
    return unreadable(path + ": cannot be read, is empty or too long");
  return text;
}

Result<Secret> read_password(const std::string& path) {
  auto text = read_whole(path, longest_secret);
  if (!text) return text;
  const std::string_view line = without_line_break(text->reveal());
  const bool is_line = !line.empty() && std::none_of(line.begin(), line.end(), is_control);
  if (!is_line && !is_json_object(line)) return unreadable(path + ": must hold exactly one line");
  text->shorten(line.size());
  return text;
}

Result<std::string> read_username(const std::string& path) {
  const auto line = read_password(path);
  if (!line) return tl::unexpected(line.error());
  std::string username(line->reveal());
  if (username.find(':') != std::string::npos) return unreadable(path + ": a user name cannot contain a colon");
  return username;
}

Result<std::string> check_certificates(const std::string& path) {
  return check_block(path, "CERTIFICATE-----", "certificate");
}

Result<std::string> check_private_key(const std::string& path) {
  return check_block(path, "PRIVATE KEY-----", "private key");
}

Result<std::optional<Credential>> read_password_files(const PasswordFiles& files) {
  if (files.username_file.empty()) return std::nullopt;
  auto username = under_key(files.username_key, read_username(files.username_file));
  if (!username) return tl::unexpected(username.error());
  auto password = under_key(files.password_key, read_password(files.password_file));
  if (!password) return tl::unexpected(password.error());
  return Credential{std::move(*username), std::move(*password)};
}

std::vector<UnreadableFile> unreadable_files(const Options& options) {
  std::vector<UnreadableFile> files;
  for (const auto& entry : options.upstreams) {
    const std::string& name = entry.first;  // clang 14 captures no structured binding
    const Upstream& upstream = entry.second;
    const auto check = [&](const char* key, const std::string& path, auto read) {
      if (path.empty()) return;
      const auto content = read(path);
      if (!content) files.push_back({name, key, content.error().what});
    };
    check("ca", upstream.ca, check_certificates);
    check("client_certificate", upstream.client.certificate_file, check_certificates);
    check("client_key", upstream.client.key_file, check_private_key);
    check("username_file", upstream.username_file, read_username);
    check("password_file", upstream.password_file, read_password);
    check("auth_file", upstream.auth_file, read_auth_file);
    check("credential_helper", upstream.credential_helper, find_helper);
    check("proxy_username_file", upstream.proxy.username_file, read_username);
    check("proxy_password_file", upstream.proxy.password_file, read_password);
  }
  return files;
}

}  // namespace shoal::origin
