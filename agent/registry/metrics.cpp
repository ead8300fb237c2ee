#include "agent/registry/metrics.hpp"

#include <algorithm>
#include <string>

namespace shoal::agent::registry {
namespace {

// By Kind.
constexpr std::array<const char*, 5> names{"manifest", "blob", "list", "base", "other"};

// Each is a row. An origin may refuse with any other.
constexpr std::array<unsigned, 13> statuses{200, 206, 304, 400, 401, 403, 404, 405, 416, 429, 500, 502, 503};

std::string labels_of(Kind kind, unsigned status) {
  const std::string code = status == 0 ? "other" : std::to_string(status);
  return metrics::label("kind", names.at(static_cast<std::size_t>(kind))) + "," + metrics::label("code", code);
}

}  // namespace

void RequestCounts::add(Kind kind, unsigned status) {
  const bool has_row = std::find(statuses.begin(), statuses.end(), status) != statuses.end();
  ++counts_[{kind, has_row ? status : 0}];
}

std::vector<metrics::Page::Value> RequestCounts::values() const {
  std::vector<metrics::Page::Value> rows;
  for (std::size_t i = 0; i < names.size(); ++i) {  // a rate needs the 0 before the first
    const auto kind = static_cast<Kind>(i);
    if (!counts_.contains({kind, 200})) rows.push_back({labels_of(kind, 200), 0});
  }
  for (const auto& [row, count] : counts_) {
    rows.push_back({labels_of(row.first, row.second), static_cast<double>(count)});
  }
  return rows;
}

}  // namespace shoal::agent::registry
