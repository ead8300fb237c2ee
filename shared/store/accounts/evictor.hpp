// Evictor: makes room in a store, on the ledger and on the disk. Inside this room only.
//
// Threads: the loop.
#pragma once

#include <functional>

#include "shared/store/accounts/accounts.hpp"
#include "shared/store/accounts/open_layers.hpp"

namespace shoal::store {

class Evictor {
 public:
  Evictor(Accounts& accounts, const Disk& disk, OpenLayers& open_layers)
      : accounts_(accounts), disk_(disk), open_layers_(open_layers) {}

  // As Store::ask_before_evicting.
  void ask_before(std::function<bool(const Digest&)> may_evict, std::function<void(const Digest&)> evicted);

  // Evicts until `size` more bytes fit into the capacity. Evicts nothing when that cannot succeed.
  bool make_room(ByteCount size);
  // Tries `make_file`; while the disk is full, evicts and tries again, if that can help at all.
  Result<void> make_file(ByteCount size, const std::function<Result<void>()>& make_file);

  // False when the files cannot be removed: the item stays, and counts.
  bool remove(const Ledger::Item& item);
  // A held layer is held no longer, even when its files cannot be removed.
  void remove_corrupt(const Digest& digest);

 private:
  std::vector<Ledger::Item> candidates() const;
  bool evict(const Ledger::Item& item);

  Accounts& accounts_;
  const Disk& disk_;
  OpenLayers& open_layers_;
  std::function<bool(const Digest&)> may_evict_;
  std::function<void(const Digest&)> evicted_;
};

}  // namespace shoal::store
