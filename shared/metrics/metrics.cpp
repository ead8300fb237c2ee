#include "shared/metrics/metrics.hpp"

#include <cstdio>

namespace shoal::metrics {
namespace {

std::string number(double value) {
  char buffer[32];
  std::snprintf(buffer, sizeof buffer, "%.17g", value);
  return buffer;
}

}  // namespace

void Page::add(std::string name, std::string labels, std::string help, const Counter& counter) {
  add({std::move(name), std::move(labels), std::move(help), true,
       [&counter] { return static_cast<double>(counter.value()); }});
}

void Page::add(std::string name, std::string labels, std::string help, const Gauge& gauge) {
  add({std::move(name), std::move(labels), std::move(help), false,
       [&gauge] { return static_cast<double>(gauge.value()); }});
}

void Page::add_counter(std::string name, std::string labels, std::string help, std::function<std::uint64_t()> read) {
  add({std::move(name), std::move(labels), std::move(help), true,
       [read = std::move(read)] { return static_cast<double>(read()); }});
}

void Page::add_gauge(std::string name, std::string labels, std::string help, std::function<double()> read) {
  add({std::move(name), std::move(labels), std::move(help), false, std::move(read)});
}

void Page::add(Row row) {
  row.name = prefix_ + row.name;
  rows_.push_back(std::move(row));
}

std::string Page::text() const {
  std::string page;
  std::vector<std::string_view> done;
  for (const Row& head : rows_) {
    bool seen = false;
    for (const std::string_view name : done) seen = seen || name == head.name;
    if (seen) continue;
    done.push_back(head.name);
    page += "# HELP " + head.name + " " + head.help + "\n";
    page += "# TYPE " + head.name + (head.is_counter ? " counter\n" : " gauge\n");
    for (const Row& row : rows_) {
      if (row.name != head.name) continue;
      page += row.name + (row.labels.empty() ? "" : "{" + row.labels + "}") + " " + number(row.read()) + "\n";
    }
  }
  return page;
}

}  // namespace shoal::metrics
