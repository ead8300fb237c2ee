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

bool Evictor::make_room(ByteCount size) {
  if (!accounts_.ledger().can_ever_fit(size)) return false;
  if (accounts_.ledger().fits(size)) return true;
  const std::vector<Ledger::Item> items = candidates();
  if (!accounts_.ledger().would_fit(size, items)) return false;
  for (const Ledger::Item& item : items) {
    if (evict(item) && accounts_.ledger().fits(size)) return true;
  }
  return false;
}

Result<void> Evictor::make_file(ByteCount size, const std::function<Result<void>()>& make_file) {
  Result<void> made = make_file();
  if (made || made.error().kind != ErrorKind::no_space) return made;
  const std::vector<Ledger::Item> items = candidates();
  if (disk_.free_bytes() + accounts_.ledger().bytes(items).value < size.value) return made;
  for (const Ledger::Item& item : items) {
    if (!evict(item) || disk_.free_bytes() < size.value) continue;
    made = make_file();
    if (made || made.error().kind != ErrorKind::no_space) return made;
  }
  return made;
}

bool Evictor::remove(const Ledger::Item& item) {
  const auto removed =
      item.kind == Kind::partial ? remove_partial(disk_, item.digest) : remove_layer(disk_, item.digest);
  if (!removed) {
    log::warning("store", "cannot remove a layer", {{"digest", item.digest.text()}, {"cause", removed.error().what}});
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

bool Evictor::evict(const Ledger::Item& item) {
  if (!remove(item)) return false;
  log::info("store", "layer evicted", {{"digest", item.digest.text()}, {"kind", text(item.kind)}});
  if (item.kind == Kind::held && evicted_) evicted_(item.digest);
  return true;
}

}  // namespace shoal::store
