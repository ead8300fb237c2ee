#include "agent/registry/next_page.hpp"

#include <algorithm>
#include <optional>

namespace shoal::agent::registry {
namespace {

constexpr int most_links = 16;  // of an answer; a list needs one (next), some registries add others (last, first)

bool is_ns(std::string_view pair) {
  return pair.substr(0, pair.find('=')) == "ns";
}

// The pairs of a query that `chosen` is true for, joined again.
template <typename Chosen>
std::string only(std::string_view query, Chosen chosen) {
  std::string kept;
  query = query.substr(0, query.find('#'));
  while (!query.empty()) {
    const std::string_view pair = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(query.size(), pair.size() + 1));
    if (pair.empty() || !chosen(pair)) continue;
    kept.append(kept.empty() ? "" : "&").append(pair);
  }
  return kept;
}

struct Link {
  std::string_view target;
  std::string_view parameters;
};

// Takes "<target>; parameters" from the front of a Link header.
std::optional<Link> take_link(std::string_view& text) {
  text.remove_prefix(std::min(text.find_first_not_of(" \t,"), text.size()));
  const std::size_t end = text.find('>');
  if (!text.starts_with('<') || end == std::string_view::npos) return std::nullopt;
  Link link{text.substr(1, end - 1), {}};
  text.remove_prefix(end + 1);
  bool quoted = false;
  std::size_t length = 0;
  while (length < text.size() && (quoted || text[length] != ',')) quoted ^= text[length++] == '"';
  link.parameters = text.substr(0, length);
  text.remove_prefix(length);
  return link;
}

// `rel="next"` or `rel=next`, whatever else is said.
bool is_next(std::string_view parameters) {
  while (!parameters.empty()) {
    std::string_view one = parameters.substr(0, parameters.find(';'));
    parameters.remove_prefix(std::min(parameters.size(), one.size() + 1));
    std::string plain;
    std::copy_if(one.begin(), one.end(), std::back_inserter(plain),
                 [](char c) { return c != ' ' && c != '\t' && c != '"'; });
    if (http::same_name(plain, "rel=next")) return true;
  }
  return false;
}

std::string_view path_of(std::string_view target) {
  return target.substr(0, target.find('?'));
}

// "/v2/…", without the path prefix that a registry may have.
std::string_view from_base(std::string_view path) {
  return path.substr(std::min(path.find("/v2/"), path.size()));
}

// The query of the page that a link names, when it is of the list at `asked`.
std::optional<std::string> next_query(const Link& link, const http::Url& asked) {
  if (!is_next(link.parameters)) return std::nullopt;
  const auto url = http::resolve_url(asked, link.target);
  if (!url) return std::nullopt;
  const std::string_view path = path_of(url->target);
  if (from_base(path).empty() || from_base(path) != from_base(path_of(asked.target))) return std::nullopt;
  return query_for_origin(std::string_view(url->target).substr(std::min(path.size() + 1, url->target.size())));
}

}  // namespace

std::string query_for_origin(std::string_view query) {
  return only(query, [](std::string_view pair) { return !is_ns(pair); });
}

std::string next_page(const std::vector<std::string>& origin_links, const http::Url& asked, std::string_view path,
                      std::string_view query) {
  int links = 0;
  for (std::string_view line : origin_links) {
    for (auto link = take_link(line); link && links < most_links; link = take_link(line), ++links) {
      auto page = next_query(*link, asked);
      if (!page) continue;
      const std::string ns = only(query, is_ns);
      if (!ns.empty()) page->append(page->empty() ? "" : "&").append(ns);
      return "<" + std::string(path) + (page->empty() ? "" : "?" + *page) + ">; rel=\"next\"";
    }
  }
  return {};
}

}  // namespace shoal::agent::registry
