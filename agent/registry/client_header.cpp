#include "agent/registry/client_header.hpp"

#include <algorithm>
#include <array>
#include <fstream>
#include <string_view>

#include "shared/log/log.hpp"
#include "shared/origin/configured_files.hpp"

namespace shoal::agent::registry {
namespace {

constexpr std::size_t longest_line = 4'096;
constexpr std::size_t shortest_secret = 16;  // characters that cannot be tried out
constexpr Milliseconds same_tick{1'000};     // a file that changes again so soon may have the same times; ext3 has seconds

// The endpoint, HTTP itself or an origin reads these.
constexpr std::array taken{"Accept",     "Authorization",     "Connection", "Content-Length",    "Cookie",
                           "Expect",     "Host",              "If-Match",   "If-Modified-Since", "If-None-Match",
                           "If-Range",   "OCI-Namespace",     "Range",      "Transfer-Encoding", "Upgrade",
                           "User-Agent", "If-Unmodified-Since"};

bool is_token(std::string_view name) {  // RFC 9110 section 5.6.2
  static constexpr std::string_view signs = "!#$%&'*+-.^_`|~";
  return !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           signs.find(c) != std::string_view::npos;
  });
}

bool is_printable(std::string_view value) {
  return !value.empty() && std::all_of(value.begin(), value.end(), [](char c) { return c >= 0x20 && c < 0x7f; });
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

// Empty: it cannot be read, is empty or too long.
std::string text_of_file(const std::string& file) {
  std::ifstream stream(file, std::ios::binary);
  std::string text(longest_line + 1, '\0');
  stream.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(stream.gcount()));
  return text.size() > longest_line ? "" : text;
}

bool same_time(const timespec& a, const timespec& b) {
  return a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec;
}

bool same_file(const struct stat& a, const struct stat& b) {
  return a.st_dev == b.st_dev && a.st_ino == b.st_ino && a.st_size == b.st_size && same_time(a.st_mtim, b.st_mtim) &&
         same_time(a.st_ctim, b.st_ctim);
}

Result<SharedHeader> parse(const std::string& file, std::string_view line) {
  if (line.empty()) return origin::unreadable(file + ": cannot be read, is empty or too long");
  if (line.ends_with('\n')) line.remove_suffix(1);
  if (line.ends_with('\r')) line.remove_suffix(1);
  const std::size_t colon = line.find(':');
  const std::string_view name = line.substr(0, colon);
  const std::string_view value = colon == std::string_view::npos ? "" : trimmed(line.substr(colon + 1));
  if (!is_token(name) || !is_printable(value))
    return origin::unreadable(file + ": must hold exactly one line, \"Name: value\"");
  if (std::any_of(taken.begin(), taken.end(), [&](const char* each) { return http::same_name(each, name); }))
    return origin::unreadable(file + ": its header has a meaning of its own; choose a name such as X-Shoal-Client");
  return SharedHeader{std::string(name), Secret(value)};
}

}  // namespace

Result<SharedHeader> read_client_header(const std::string& file) {
  struct stat seen {};
  if (::stat(file.c_str(), &seen) != 0 || !S_ISREG(seen.st_mode)) return origin::unreadable(file + ": is no file");
  std::string text = text_of_file(file);
  auto header = parse(file, text);
  wipe(text);
  return header;
}

std::vector<std::string> doubts_about_client_header(const std::string& file, const SharedHeader& header) {
  std::vector<std::string> doubts;
  struct stat seen {};
  if (::stat(file.c_str(), &seen) == 0 && (seen.st_mode & S_IROTH) != 0)
    doubts.push_back(file + " can be read by every user of this host: chmod o-r");
  if (header.value.size() < shortest_secret)
    doubts.push_back(file + " has a value that others can guess: write one of 16 characters or more, openssl rand -hex 32");
  return doubts;
}

ClientHeader::ClientHeader(const Clock& clock, std::string file) : clock_(clock), file_(std::move(file)) {
  if (!file_.empty()) look();
}

void ClientHeader::look() {
  struct stat now {};
  const bool is_there = ::stat(file_.c_str(), &now) == 0;
  const bool is_same = is_there && same_file(now, seen_);
  if (is_same && is_settled_) return;
  if (!is_same) seen_since_ = clock_.now();
  seen_ = now;
  is_settled_ = is_there && clock_.now() - seen_since_ > same_tick;
  read();
}

void ClientHeader::read() {
  auto header = read_client_header(file_);
  if (!header) {
    log::warning("registry", "client header file unreadable",
                 {{"file", file_},
                  {"cause", header.error().what},
                  {"next", header_ ? "mend the file; the header that it had before counts until then"
                                   : "mend the file; no request is answered until then"}});
    return;
  }
  header_ = std::move(*header);
}

bool ClientHeader::admits(const http::Request& request) {
  if (file_.empty()) return true;
  look();
  if (!header_) return false;
  const auto lines = http::header_lines(request.headers, header_->name);
  return lines.size() == 1 && Secret(lines[0]) == header_->value;
}

}  // namespace shoal::agent::registry
