// Histogram: how long things took, counted in a few buckets that are fixed for all, so that pages can be added up.
//
// Threads: any (relaxed atomics).
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>

namespace shoal::metrics {

// A manifest from the store takes 1 ms, one from the origin 50 ms; a runtime waits 30 s for a head; a large layer over a
// slow link takes minutes. Each bound costs a row for each class of size.
inline constexpr std::array<double, 8> bucket_seconds{0.005, 0.025, 0.1, 0.5, 2, 10, 60, 300};

class Histogram {
 public:
  void observe(std::chrono::nanoseconds took);

  // At most so many seconds, as Prometheus counts: with all shorter ones. The last is all.
  std::array<std::uint64_t, bucket_seconds.size() + 1> cumulative() const;
  double sum_seconds() const;

 private:
  std::array<std::atomic<std::uint64_t>, bucket_seconds.size() + 1> buckets_{};
  std::atomic<std::uint64_t> sum_nanoseconds_{0};
};

// By the size of what took the time: a small layer comes in one round trip, a larger one by pieces, a large one at the
// pace of a link.
class SizedHistogram {
 public:
  static constexpr std::array<const char*, 3> labels{"size=\"small\"", "size=\"medium\"", "size=\"large\""};

  void observe(std::uint64_t size_bytes, std::chrono::nanoseconds took);
  const Histogram& of(std::size_t size_class) const { return classes_.at(size_class); }

 private:
  std::array<Histogram, labels.size()> classes_;
};

}  // namespace shoal::metrics
