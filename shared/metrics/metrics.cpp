#include "shared/metrics/metrics.hpp"

#include <cstdio>

namespace shoal::metrics {
namespace {

std::string number(double value) {
  char buffer[32];
  std::snprintf(buffer, sizeof buffer, "%.17g", value);
  return buffer;
}

// Seconds of a bucket as they stand in the code: 0.1, and not what a binary fraction makes of it.
std::string bound(double seconds) {
  char buffer[32];
  std::snprintf(buffer, sizeof buffer, "%g", seconds);
  return buffer;
}

void write_line(std::string& page, const std::string& name, const std::string& labels, double value) {
  page += name + (labels.empty() ? "" : "{" + labels + "}") + " " + number(value) + "\n";
}

void write_histogram(std::string& page, const std::string& name, const std::string& labels, const Histogram& histogram) {
  const auto counts = histogram.cumulative();
  const std::string before = labels.empty() ? "" : labels + ",";
  for (std::size_t i = 0; i < counts.size(); ++i) {
    const std::string le = i < bucket_seconds.size() ? bound(bucket_seconds.at(i)) : "+Inf";
    write_line(page, name + "_bucket", before + label("le", le), static_cast<double>(counts.at(i)));
  }
  write_line(page, name + "_sum", labels, histogram.sum_seconds());
  write_line(page, name + "_count", labels, static_cast<double>(counts.back()));
}

}  // namespace

std::string label(std::string_view name, std::string_view value) {
  std::string text(name);
  text += "=\"";
  for (const char c : value) {
    if (c == '"' || c == '\\') text += '\\';
    text += c;
  }
  return text + '"';
}

void Page::add(std::string name, std::string labels, std::string help, const Counter& counter) {
  add(std::move(name), std::move(labels), std::move(help), Type::counter,
      [&counter] { return static_cast<double>(counter.value()); });
}

void Page::add(std::string name, std::string labels, std::string help, const Gauge& gauge) {
  add(std::move(name), std::move(labels), std::move(help), Type::gauge,
      [&gauge] { return static_cast<double>(gauge.value()); });
}

void Page::add(std::string name, std::string labels, std::string help, const Histogram& histogram) {
  auto write = [labels = std::move(labels), &histogram](const std::string& row, std::string& page) {
    write_histogram(page, row, labels, histogram);
  };
  add({std::move(name), std::move(help), Type::histogram, std::move(write)});
}

void Page::add(std::string name, std::string help, const SizedHistogram& histogram) {
  for (std::size_t i = 0; i < SizedHistogram::labels.size(); ++i) {
    add(name, SizedHistogram::labels.at(i), help, histogram.of(i));
  }
}

void Page::add_counter(std::string name, std::string labels, std::string help, std::function<double()> read) {
  add(std::move(name), std::move(labels), std::move(help), Type::counter, std::move(read));
}

void Page::add_gauge(std::string name, std::string labels, std::string help, std::function<double()> read) {
  add(std::move(name), std::move(labels), std::move(help), Type::gauge, std::move(read));
}

void Page::add_counters(std::string name, std::string help, std::function<std::vector<Value>()> read) {
  auto write = [read = std::move(read)](const std::string& row, std::string& page) {
    for (const Value& each : read()) write_line(page, row, each.labels, each.value);
  };
  add({std::move(name), std::move(help), Type::counter, std::move(write)});
}

void Page::add(std::string name, std::string labels, std::string help, Type type, std::function<double()> read) {
  auto write = [labels = std::move(labels), read = std::move(read)](const std::string& row, std::string& page) {
    write_line(page, row, labels, read());
  };
  add({std::move(name), std::move(help), type, std::move(write)});
}

void Page::add(Row row) {
  if (!row.name.starts_with("process_")) row.name = prefix_ + row.name;
  rows_.push_back(std::move(row));
}

std::string Page::text() const {
  constexpr const char* types[] = {" counter\n", " gauge\n", " histogram\n"};  // by Type
  std::string page;
  std::vector<std::string_view> done;
  for (const Row& head : rows_) {
    bool seen = false;
    for (const std::string_view name : done) seen = seen || name == head.name;
    if (seen) continue;
    done.push_back(head.name);
    page += "# HELP " + head.name + " " + head.help + "\n";
    page += "# TYPE " + head.name + types[static_cast<std::size_t>(head.type)];
    for (const Row& row : rows_) {
      if (row.name == head.name) row.write(row.name, page);
    }
  }
  return page;
}

}  // namespace shoal::metrics
