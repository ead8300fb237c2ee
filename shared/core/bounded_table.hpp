// BoundedTable: a table of at most so many entries. The entry that was put longest ago makes room.
//
// Threads: one.
#pragma once

#include <cstddef>
#include <list>
#include <unordered_map>
#include <utility>

namespace shoal::inline core {

template <class Key, class Value, class Hash = std::hash<Key>>
class BoundedTable {
 public:
  explicit BoundedTable(std::size_t most) : most_(most) {}

  // The entry is the newest one now, and replaces one of the same key.
  void put(const Key& key, Value value) {
    remove(key);
    by_age_.push_back(key);
    entries_.emplace(key, Entry{std::move(value), std::prev(by_age_.end())});
    if (entries_.size() <= most_) return;
    entries_.erase(by_age_.front());
    by_age_.pop_front();
  }
  void remove(const Key& key) {
    const auto entry = entries_.find(key);
    if (entry == entries_.end()) return;
    by_age_.erase(entry->second.place);
    entries_.erase(entry);
  }
  const Value* find(const Key& key) const {
    const auto entry = entries_.find(key);
    return entry == entries_.end() ? nullptr : &entry->second.value;
  }
  std::size_t size() const { return entries_.size(); }
  template <class Visit>
  void each(Visit visit) const {
    for (const auto& [key, entry] : entries_) visit(entry.value);
  }

 private:
  struct Entry {
    Value value;
    typename std::list<Key>::iterator place;
  };
  std::size_t most_;
  std::unordered_map<Key, Entry, Hash> entries_;
  std::list<Key> by_age_;
};

}  // namespace shoal::inline core
