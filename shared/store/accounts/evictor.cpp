#include "shared/store/accounts/evictor.hpp"

#include "shared/log/log.hpp"
#include "shared/store/disk/layer_files.hpp"

namespace shoal::store {

using Kind = Ledger::Kind;

namespace {

const char* text(Kind kind) {
  if (kind == Kind::held) return "held";
  return kind == Kind::partial ? "partial" : "corrupt";
}

}  // namespace

void Evictor::ask_before(std::function<bool(const Digest&)> may_evict, std::function<void(const Digest&)> evicted) {
  may_evict_ = std::move(may_evict);
  evicted_ = std::move(evicted);
}

std::optional<Cause> Evictor::make_room(ByteCount size, ByteCount on_disk) {
  const Ledger& ledger = accounts_.ledger();
  if (!ledger.can_ever_fit(size)) return Cause::capacity;
  const auto missing = [&]() -> std::optional<Cause> {
    if (!accounts_.ledger().fits(size)) return Cause::capacity;
    if (!leaves_free(on_disk)) return Cause::min_free;
    return std::nullopt;
  };
  std::optional<Cause> cause = missing();
  if (!cause) return std::nullopt;
  const std::vector<Ledger::Item> items = candidates();
  if (!ledger.would_fit(size, items)) return Cause::capacity;
  if (!leaves_free(on_disk, ledger.bytes(items))) return Cause::min_free;
  for (const Ledger::Item& item : items) {
    if (evict(item, *cause)) cause = missing();
    if (!cause) break;
  }
  return cause;
}

bool Evictor::fits(ByteCount size) const {
  return accounts_.ledger().fits(size) && leaves_free(size);
}

// Nothing more on the disk is right however little is free: what other users wrote is not ours to undo.
bool Evictor::leaves_free(ByteCount size, ByteCount evicted) const {
  if (size.value == 0) return true;
  const Space space = disk_.space();
  return space.free_bytes + evicted.value >= size.value + min_free_.of({space.size_bytes}).value;
}

ByteCount Evictor::min_free() const {
  return min_free_.of({disk_.space().size_bytes});
}

Result<void> Evictor::make_file(ByteCount size, const std::function<Result<void>()>& make_file) {
  Result<void> made = make_file();
  if (made || made.error().kind != ErrorKind::no_space) return made;
  const std::vector<Ledger::Item> items = candidates();
  if (disk_.space().free_bytes + accounts_.ledger().bytes(items).value < size.value) return made;
  for (const Ledger::Item& item : items) {
    if (!evict(item, Cause::disk_full) || disk_.space().free_bytes < size.value) continue;
    made = make_file();
    if (made || made.error().kind != ErrorKind::no_space) return made;
  }
  return made;
}

bool Evictor::free_disk() {
  const auto has_enough = [this] {
    const Space space = disk_.space();
    return space.free_bytes >= min_free_.of({space.size_bytes}).value;
  };
  if (has_enough()) return true;
  for (const Ledger::Item& item : candidates()) {
    if (evict(item, Cause::min_free) && has_enough()) return true;
  }
  return false;
}

void Evictor::drop_unused(Milliseconds keep) {
  for (const Ledger::Item& item : candidates()) {
    const bool is_unused = accounts_.ledger().unused(item) >= keep;
    if (is_unused && item.kind != Kind::corrupt_undeletable) evict(item, Cause::unused);
  }
}

bool Evictor::remove(const Ledger::Item& item) {
  const auto removed =
      item.kind == Kind::partial ? remove_partial(disk_, item.digest) : remove_layer(disk_, item.digest);
  if (!removed) {
    log::warning("store", "cannot remove a layer",
                 {{"digest", item.digest.text()},
                  {"cause", removed.error().what},
                  {"next", "look at the disk and the store's permissions"}});
    return false;
  }
  accounts_.ledger().remove(item.kind, item.digest);
  if (item.kind == Kind::held) open_layers_.remove(item.digest);
  return true;
}

void Evictor::remove_corrupt(const Digest& digest) {
  const auto size = accounts_.ledger().size(Kind::held, digest);
  if (!size || remove({digest, Kind::held})) return;
  accounts_.ledger().remove(Kind::held, digest);
  accounts_.ledger().add(Kind::corrupt_undeletable, digest, *size);
  open_layers_.remove(digest);
}

// In the order of eviction: no layer that has readers or that its owner needs, and no name that an active reservation
// is to take.
std::vector<Ledger::Item> Evictor::candidates() const {
  std::vector<Ledger::Item> items = accounts_.ledger().eviction_order();
  std::erase_if(items, [this](const Ledger::Item& item) {
    if (item.kind == Kind::corrupt_undeletable) return accounts_.is_active(item.digest);
    if (item.kind != Kind::held) return false;
    return open_layers_.has_readers(item.digest) || (may_evict_ && !may_evict_(item.digest));
  });
  return items;
}

bool Evictor::evict(const Ledger::Item& item, Cause cause) {
  if (!remove(item)) return false;
  counters_.evicted(cause).add();
  log::info("store", "layer evicted",
            {{"digest", item.digest.text()}, {"kind", text(item.kind)}, {"cause", text(cause)}});
  if (item.kind == Kind::held && evicted_) evicted_(item.digest);
  return true;
}

}  // namespace shoal::store
