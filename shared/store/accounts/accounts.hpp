// Accounts: the ledger of a store and its active reservations. The ledger is reached only with every ended reservation
// accounted for. Inside this room only.
//
// Threads: the loop; reservations end on any thread.
#pragma once

#include <unordered_map>

#include "shared/store/reservation/ended.hpp"
#include "shared/store/accounts/ledger.hpp"

namespace shoal::store {

class Accounts {
 public:
  Accounts(ByteCount capacity, EndQueue& ended) : ledger_(capacity), ended_(ended) {}

  Ledger& ledger();
  // The reservation takes its room until the queue says how it ended.
  void begin(const Digest& digest, ByteCount size);
  bool is_active(const Digest& digest);

 private:
  void reap_ended();

  Ledger ledger_;
  EndQueue& ended_;
  std::unordered_map<Digest, ByteCount> active_reservations_;
};

}  // namespace shoal::store
