// Ledger: the layers that take room in a store, and the order of eviction. Bookkeeping only, no disk.
//
// Room is taken by held layers, active reservations, partial layers that ended pulls left, and corrupt layers whose
// files could not be removed. All but the reservations can be evicted: corrupt layers first, then partial ones, then
// held ones, each the least recently used first.
//
// Threads: the loop.
#pragma once

#include <array>
#include <list>
#include <optional>
#include <unordered_map>
#include <vector>

#include "shared/core/digest.hpp"
#include "shared/core/units.hpp"

namespace shoal::store {

class Ledger {
 public:
  enum class Kind { held, partial, corrupt_undeletable };
  struct Item {
    Digest digest;
    Kind kind;
  };

  explicit Ledger(ByteCount capacity) : capacity_(capacity) {}

  // As the latest used, `unused` ago; nothing when it is there.
  void add(Kind kind, const Digest& digest, ByteCount size, Milliseconds unused = Milliseconds::zero());
  void remove(Kind kind, const Digest& digest);               // nothing when it is not there
  bool touch(const Digest& digest);  // a held layer was used; false when that changes neither order nor time
  void pass(Milliseconds time) { now_ += time; }  // so much time has passed since the last call
  bool has(Kind kind, const Digest& digest) const { return of(kind).index.contains(digest); }
  std::optional<ByteCount> size(Kind kind, const Digest& digest) const;
  std::vector<Digest> list(Kind kind) const { return {of(kind).by_use.begin(), of(kind).by_use.end()}; }
  ByteCount bytes(Kind kind) const { return of(kind).bytes; }

  void reserve(ByteCount size) { reserved_ += size; }
  void release(ByteCount size) { reserved_.value -= size.value; }
  ByteCount reserved() const { return reserved_; }

  ByteCount capacity() const { return capacity_; }
  bool can_ever_fit(ByteCount size) const;                              // with nothing but the reservations beside it
  bool fits(ByteCount size) const;                                      // now
  bool would_fit(ByteCount size, const std::vector<Item>& gone) const;  // once these have gone
  std::vector<Item> eviction_order() const;
  Milliseconds unused(const Item& item) const;  // for how long; zero when it is not there
  ByteCount bytes(const std::vector<Item>& items) const;

 private:
  struct Entry {
    ByteCount size;
    std::list<Digest>::iterator place;  // in by_use
    Milliseconds used_at;               // as `now_`
  };
  struct Table {
    std::list<Digest> by_use;  // least recently used first
    std::unordered_map<Digest, Entry> index;
    ByteCount bytes{};
  };
  Table& of(Kind kind) { return tables_[static_cast<std::size_t>(kind)]; }
  const Table& of(Kind kind) const { return tables_[static_cast<std::size_t>(kind)]; }
  ByteCount evictable_bytes() const {
    return bytes(Kind::held) + bytes(Kind::partial) + bytes(Kind::corrupt_undeletable);
  }

  ByteCount capacity_;
  ByteCount reserved_{};
  Milliseconds now_{0};  // since the start
  std::array<Table, 3> tables_;  // by kind
};

}  // namespace shoal::store
