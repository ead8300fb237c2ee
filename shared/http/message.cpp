#include "shared/http/message.hpp"

#include <algorithm>
#include <set>

#include "shared/core/bytes.hpp"

namespace shoal::http {
namespace {

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  const char small = lower(c);
  return small >= 'a' && small <= 'f' ? small - 'a' + 10 : -1;
}

bool is_unreserved(char c) {
  const char small = lower(c);
  return (small >= 'a' && small <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_' || c == '~';
}

}  // namespace

bool same_name(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) { return lower(x) == lower(y); });
}

std::optional<std::string> find_header(const Headers& headers, std::string_view name) {
  std::optional<std::string> joined;
  for (const Header& header : headers) {
    if (!same_name(header.name, name)) continue;
    joined = joined ? *joined + ", " + header.value : header.value;
  }
  return joined;
}

std::vector<std::string> header_lines(const Headers& headers, std::string_view name) {
  std::vector<std::string> lines;
  for (const Header& header : headers) {
    if (same_name(header.name, name)) lines.push_back(header.value);
  }
  return lines;
}

std::string sorted_list(std::string_view value) {
  if (value.find('"') != std::string_view::npos) return std::string(value);
  std::set<std::string_view> parts;
  for (std::size_t start = 0; start <= value.size();) {
    const std::size_t comma = std::min(value.find(',', start), value.size());
    std::string_view part = value.substr(start, comma - start);
    part.remove_prefix(std::min(part.find_first_not_of(" \t"), part.size()));
    part = part.substr(0, part.find_last_not_of(" \t") + 1);
    if (!part.empty()) parts.insert(part);
    start = comma + 1;
  }
  std::string joined;
  for (const std::string_view part : parts) joined.append(joined.empty() ? "" : ", ").append(part);
  return joined;
}

std::optional<std::string> Request::query_value(std::string_view name) const {
  std::string_view rest = query;
  while (!rest.empty()) {
    const std::string_view pair = rest.substr(0, rest.find('&'));
    rest.remove_prefix(std::min(rest.size(), pair.size() + 1));
    const std::size_t equals = pair.find('=');
    if (equals == std::string_view::npos || pair.substr(0, equals) != name) continue;
    return percent_decode(pair.substr(equals + 1));
  }
  return std::nullopt;
}

std::optional<std::string> percent_decode(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (c == '%') {
      if (text.size() - i < 3) return std::nullopt;
      const int high = hex_value(text[i + 1]);
      const int low = hex_value(text[i + 2]);
      if (high < 0 || low < 0) return std::nullopt;
      c = static_cast<char>(high * 16 + low);
      i += 2;
    }
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) return std::nullopt;
    out += c;
  }
  return out;
}

std::string percent_encode(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (is_unreserved(c)) {
      out += c;
    } else {
      out += "%" + hex_text(bytes_of({&c, 1}), HexCase::upper);  // RFC 3986 section 2.1
    }
  }
  return out;
}

}  // namespace shoal::http
