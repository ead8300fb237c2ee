// Documented metrics: the tables of docs/metrics.md against the page that a program serves.
//
// A metric is one line, "TYPE NAME{LABELS}", in both: the two sets must be equal.
#pragma once

#include <algorithm>
#include <fstream>
#include <iterator>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <vector>

namespace shoal::metrics {

using MetricLines = std::set<std::string>;

// The cells of a row of a table; none for any other line.
inline std::vector<std::string> cells_of(const std::string& line) {
  std::vector<std::string> cells;
  if (!line.starts_with("|")) return cells;
  std::istringstream rest(line.substr(1));
  for (std::string cell; std::getline(rest, cell, '|');) {
    const std::size_t first = cell.find_first_not_of(' ');
    const std::size_t last = cell.find_last_not_of(' ');
    cells.push_back(first == std::string::npos ? "" : cell.substr(first, last - first + 1));
  }
  return cells;
}

// The texts between backquotes; one empty text when there are none.
inline std::vector<std::string> quoted_in(const std::string& cell) {
  std::vector<std::string> found;
  std::size_t end = 0;
  for (std::size_t at = cell.find('`'); at != std::string::npos; at = cell.find('`', end + 1)) {
    end = cell.find('`', at + 1);
    if (end == std::string::npos) break;
    found.push_back(cell.substr(at + 1, end - at - 1));
  }
  if (found.empty()) found.emplace_back();
  return found;
}

// A name of both programs, as one of them serves it.
inline std::string name_of(const std::string& program, std::string name) {
  constexpr std::string_view placeholder = "<program>";
  const std::size_t at = name.find(placeholder);
  return at == std::string::npos ? name : name.replace(at, placeholder.size(), program);
}

// What the tables under these headings name: | `name` | type | unit | labels | meaning |.
inline MetricLines documented(const std::string& document, const std::string& program,
                              const std::set<std::string>& headings) {
  MetricLines lines;
  bool is_wanted = false;
  std::istringstream rest(document);
  for (std::string line; std::getline(rest, line);) {
    if (line.starts_with("## ")) is_wanted = headings.contains(line.substr(3));
    const auto cells = cells_of(line);
    if (!is_wanted || cells.size() < 5 || !cells[0].starts_with("`")) continue;
    const std::string name = name_of(program, quoted_in(cells[0]).front());
    for (const std::string& labels : quoted_in(cells[3])) lines.insert(cells[1] + " " + name + "{" + labels + "}");
  }
  return lines;
}

// A version and a status are not listed one by one: `code="…"`.
inline std::string without_open_values(std::string labels) {
  for (const std::string_view name : {"version=\"", "code=\""}) {
    const std::size_t at = labels.find(name);
    if (at == std::string::npos) continue;
    const std::size_t first = at + name.size();
    labels.replace(first, labels.find('"', first) - first, "…");
  }
  return labels;
}

// What a page in Prometheus' text format serves. A histogram is its `_count`.
inline MetricLines served(const std::string& page) {
  MetricLines lines;
  std::map<std::string, std::string> types;
  std::istringstream rest(page);
  for (std::string line; std::getline(rest, line);) {
    std::istringstream words(line);
    std::string first, second, name, type;
    words >> first >> second >> name >> type;
    if (first == "#" && second == "TYPE") types[name] = type;
    if (line.starts_with("#")) continue;
    const std::size_t brace = first.find('{');
    std::string served_name = first.substr(0, brace);
    const std::string labels = brace == std::string::npos ? "{}" : without_open_values(first.substr(brace));
    for (const std::string_view part : {"_bucket", "_sum", "_count"}) {
      const std::string of = served_name.substr(0, served_name.size() - std::min(part.size(), served_name.size()));
      if (served_name.ends_with(part) && types.contains(of)) served_name = part == "_count" ? of : "";
    }
    if (!served_name.empty()) lines.insert(types[served_name] + " " + served_name + labels);
  }
  return lines;
}

// The page of documentation itself, empty when it cannot be read.
inline std::string metrics_document() {
  std::ifstream file(SHOAL_DOCS_DIR "/metrics.md");
  return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace shoal::metrics
