// Evictor: makes room in a store, on the ledger and on the disk. Inside this room only.
//
// Threads: the loop.
#pragma once

#include <functional>

#include "shared/store/accounts/accounts.hpp"
#include "shared/store/accounts/open_layers.hpp"
#include "shared/store/counters.hpp"

namespace shoal::store {

class Evictor {
 public:
  Evictor(Accounts& accounts, const Disk& disk, OpenLayers& open_layers, ByteShare min_free, Counters& counters)
      : accounts_(accounts), disk_(disk), open_layers_(open_layers), min_free_(min_free), counters_(counters) {}

  // As Store::ask_before_evicting.
  void ask_before(std::function<bool(const Digest&)> may_evict, std::function<void(const Digest&)> evicted);

  // Evicts until `size` more bytes fit into the capacity, and `on_disk` more leave min_free. Evicts nothing when that
  // cannot succeed; then the cause.
  std::optional<Cause> make_room(ByteCount size, ByteCount on_disk);
  bool fits(ByteCount size) const;  // without evicting
  // Tries `make_file`; while the disk is full, evicts and tries again, if that can help at all.
  Result<void> make_file(ByteCount size, const std::function<Result<void>()>& make_file);
  // False when less than min_free is free, and nothing more can be evicted.
  bool free_disk();
  void drop_unused(Milliseconds keep);

  ByteCount min_free() const;

  // False when the files cannot be removed: the item stays, and counts.
  bool remove(const Ledger::Item& item);
  // A held layer is held no longer, even when its files cannot be removed.
  void remove_corrupt(const Digest& digest);

 private:
  std::vector<Ledger::Item> candidates() const;
  bool evict(const Ledger::Item& item, Cause cause);
  bool leaves_free(ByteCount size, ByteCount evicted = {}) const;

  Accounts& accounts_;
  const Disk& disk_;
  OpenLayers& open_layers_;
  ByteShare min_free_;
  Counters& counters_;
  std::function<bool(const Digest&)> may_evict_;
  std::function<void(const Digest&)> evicted_;
};

}  // namespace shoal::store
