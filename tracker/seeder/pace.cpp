#include "tracker/seeder/pace.hpp"

#include <algorithm>
#include <cmath>

namespace shoal::tracker::seeder {

Task<void> Pace::spend(ByteCount bytes) {
  if (rate_.bytes_per_second == 0) co_return;
  const auto per_second = static_cast<double>(rate_.bytes_per_second);
  const double passed_seconds = std::chrono::duration<double>(clock_.now() - filled_at_).count();
  filled_at_ = clock_.now();
  tokens_ = std::min(tokens_ + passed_seconds * per_second, per_second / 4) - static_cast<double>(bytes.value);
  if (tokens_ >= 0) co_return;
  co_await clock_.sleep(Milliseconds(static_cast<std::int64_t>(std::ceil(-tokens_ / per_second * 1000))));
}

}  // namespace shoal::tracker::seeder
