#include "shared/store/upkeep.hpp"

namespace shoal::store {
namespace {

struct Parts {
  Clock& clock;
  Store& store;
};

Task<void> tend(Parts parts) {
  Time last = parts.clock.now();
  for (;;) {
    co_await parts.clock.sleep(upkeep_every);
    const Time now = parts.clock.now();
    parts.store.tend(std::chrono::duration_cast<Milliseconds>(now - std::exchange(last, now)));
  }
}

}  // namespace

void start_upkeep(Loop& loop, Clock& clock, Store& store) {
  spawn(loop, tend(Parts{clock, store}));
}

}  // namespace shoal::store
