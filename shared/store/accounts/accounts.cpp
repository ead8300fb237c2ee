#include "shared/store/accounts/accounts.hpp"

#include "shared/core/check.hpp"

namespace shoal::store {

Ledger& Accounts::ledger() {
  reap_ended();
  return ledger_;
}

void Accounts::begin(const Digest& digest, ByteCount size) {
  const bool is_new = active_reservations_.emplace(digest, size).second;
  SHOAL_CHECK(is_new);
  ledger_.reserve(size);
}

bool Accounts::is_active(const Digest& digest) {
  reap_ended();
  return active_reservations_.contains(digest);
}

void Accounts::reap_ended() {
  for (const Ended& ended : ended_.take_all()) {
    const auto reservation = active_reservations_.find(ended.digest);
    SHOAL_CHECK(reservation != active_reservations_.end());
    const ByteCount size = reservation->second;
    active_reservations_.erase(reservation);
    ledger_.release(size);
    if (ended.outcome == Outcome::partial) ledger_.add(Ledger::Kind::partial, ended.digest, size);
  }
}

}  // namespace shoal::store
