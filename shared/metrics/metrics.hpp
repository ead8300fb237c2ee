// Metrics: counters, gauges and histograms in a struct per part, rendered in Prometheus' text format 0.0.4.
//
// Threads: any (relaxed atomics); `add` and `page` the loop.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "shared/metrics/histogram.hpp"

namespace shoal::metrics {

class Counter {
 public:
  void add(std::uint64_t n = 1) { value_.fetch_add(n, std::memory_order_relaxed); }
  std::uint64_t value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> value_{0};
};

class Gauge {
 public:
  void set(std::int64_t n) { value_.store(n, std::memory_order_relaxed); }
  void add(std::int64_t n) { value_.fetch_add(n, std::memory_order_relaxed); }
  std::int64_t value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::int64_t> value_{0};
};

std::string label(std::string_view name, std::string_view value);  // source="peers"; the value escaped

// The page of one program, "agent" or "tracker". A name is added as `<part>_<what>_<unit>[_total]` and served behind
// `shoal_<program>_`: the two programs share no name, so that a sum over their pages never adds two meanings. Only
// `process_...`, which every program of the world has, is served as it is. Labels only from small enums, written in full
// as `source="peers"`. What is added must outlive the page.
class Page {
 public:
  explicit Page(std::string_view program) : prefix_("shoal_" + std::string(program) + "_") {}

  void add(std::string name, std::string labels, std::string help, const Counter& counter);
  void add(std::string name, std::string labels, std::string help, const Gauge& gauge);
  void add(std::string name, std::string labels, std::string help, const Histogram& histogram);
  void add(std::string name, std::string help, const SizedHistogram& histogram);
  // Read at the moment the page is asked for.
  void add_counter(std::string name, std::string labels, std::string help, std::function<double()> read);
  void add_gauge(std::string name, std::string labels, std::string help, std::function<double()> read);
  // A counter whose rows come and go; few.
  struct Value {
    std::string labels;
    double value = 0;
  };
  void add_counters(std::string name, std::string help, std::function<std::vector<Value>()> read);

  std::string text() const;  // rows of one name stand together, in the order of first addition

 private:
  enum class Type { counter, gauge, histogram };
  struct Row {
    std::string name;
    std::string help;
    Type type;
    std::function<void(const std::string& name, std::string& page)> write;
  };
  void add(Row row);
  void add(std::string name, std::string labels, std::string help, Type type, std::function<double()> read);

  std::string prefix_;
  std::vector<Row> rows_;
};

}  // namespace shoal::metrics
