#include "shared/metrics/histogram.hpp"

#include <algorithm>

namespace shoal::metrics {
namespace {

constexpr std::uint64_t small_bytes = 256 << 10;  // small_layer_limit: a layer without a swarm
constexpr std::uint64_t medium_bytes = 16 << 20;

}  // namespace

void Histogram::observe(std::chrono::nanoseconds took) {
  const double seconds = std::chrono::duration<double>(took).count();
  const auto bucket = std::lower_bound(bucket_seconds.begin(), bucket_seconds.end(), seconds);
  buckets_.at(static_cast<std::size_t>(bucket - bucket_seconds.begin())).fetch_add(1, std::memory_order_relaxed);
  sum_nanoseconds_.fetch_add(static_cast<std::uint64_t>(took.count()), std::memory_order_relaxed);
}

std::array<std::uint64_t, bucket_seconds.size() + 1> Histogram::cumulative() const {
  std::array<std::uint64_t, bucket_seconds.size() + 1> counts{};
  std::uint64_t all = 0;
  for (std::size_t i = 0; i < counts.size(); ++i) {
    all += buckets_.at(i).load(std::memory_order_relaxed);
    counts.at(i) = all;
  }
  return counts;
}

double Histogram::sum_seconds() const {
  return std::chrono::duration<double>(std::chrono::nanoseconds(sum_nanoseconds_.load(std::memory_order_relaxed))).count();
}

void SizedHistogram::observe(std::uint64_t size_bytes, std::chrono::nanoseconds took) {
  const std::size_t size_class = size_bytes <= small_bytes ? 0 : size_bytes <= medium_bytes ? 1 : 2;
  classes_.at(size_class).observe(took);
}

}  // namespace shoal::metrics
