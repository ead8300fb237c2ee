#include "shared/store/accounts/ledger.hpp"

namespace shoal::store {

void Ledger::add(Kind kind, const Digest& digest, ByteCount size, Milliseconds unused) {
  Table& table = of(kind);
  if (table.index.contains(digest)) return;
  table.index.emplace(digest, Entry{size, table.by_use.insert(table.by_use.end(), digest), now_ - unused});
  table.bytes += size;
}

void Ledger::remove(Kind kind, const Digest& digest) {
  Table& table = of(kind);
  const auto entry = table.index.find(digest);
  if (entry == table.index.end()) return;
  table.bytes.value -= entry->second.size.value;
  table.by_use.erase(entry->second.place);
  table.index.erase(entry);
}

bool Ledger::touch(const Digest& digest) {
  Table& held = of(Kind::held);
  const auto entry = held.index.find(digest);
  if (entry == held.index.end()) return false;
  const bool is_new = std::exchange(entry->second.used_at, now_) != now_;
  if (held.by_use.back() == digest) return is_new;
  held.by_use.splice(held.by_use.end(), held.by_use, entry->second.place);
  return true;
}

std::optional<ByteCount> Ledger::size(Kind kind, const Digest& digest) const {
  const auto entry = of(kind).index.find(digest);
  if (entry == of(kind).index.end()) return std::nullopt;
  return entry->second.size;
}

bool Ledger::can_ever_fit(ByteCount size) const {
  return size <= capacity_ && reserved_.value <= capacity_.value - size.value;
}

bool Ledger::fits(ByteCount size) const {
  return can_ever_fit(size) && evictable_bytes().value <= capacity_.value - size.value - reserved_.value;
}

bool Ledger::would_fit(ByteCount size, const std::vector<Item>& gone) const {
  const std::uint64_t left = evictable_bytes().value - bytes(gone).value;
  return can_ever_fit(size) && left <= capacity_.value - size.value - reserved_.value;
}

ByteCount Ledger::bytes(const std::vector<Item>& items) const {
  ByteCount sum{};
  for (const Item& item : items) sum += size(item.kind, item.digest).value_or(ByteCount{});
  return sum;
}

Milliseconds Ledger::unused(const Item& item) const {
  const auto entry = of(item.kind).index.find(item.digest);
  return entry == of(item.kind).index.end() ? Milliseconds::zero() : now_ - entry->second.used_at;
}

std::vector<Ledger::Item> Ledger::eviction_order() const {
  std::vector<Item> order;
  for (const Kind kind : {Kind::corrupt_undeletable, Kind::partial, Kind::held}) {
    for (const Digest& digest : of(kind).by_use) order.push_back({digest, kind});
  }
  return order;
}

}  // namespace shoal::store
