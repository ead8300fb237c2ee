#include "shared/store/store.hpp"

#include "shared/core/check.hpp"
#include "shared/log/log.hpp"
#include "shared/store/accounts/evictor.hpp"
#include "shared/store/filling.hpp"
#include "shared/store/reservation/naming.hpp"
#include "shared/store/disk/stock.hpp"

namespace shoal::store {

using Kind = Ledger::Kind;

namespace {

// For how long layers were not used, by the file system's own time. Zero when that was set back, or is not known.
class Unused {
 public:
  explicit Unused(const Root& root) {
    root.lock.mark_used();
    const auto lock = root.disk.look("lock");
    if (lock) now_ = lock->last_used_nanoseconds;
  }
  Milliseconds operator()(const Found& layer) const {
    const std::chrono::nanoseconds passed(now_ - layer.last_used_nanoseconds);
    return std::max(std::chrono::duration_cast<Milliseconds>(passed), Milliseconds::zero());
  }

 private:
  std::int64_t now_ = 0;
};

}  // namespace

struct Store::Impl {
  explicit Impl(const Options& options)
      : root(open_root(options)),
        accounts(options.capacity.of({root->disk.space().size_bytes}), root->ended),
        evictor(accounts, root->disk, open_layers, options.min_free, counters),
        keep(options.keep) {
    const Unused unused(*root);
    for (const Found& layer : take_stock(root->disk, options))
      accounts.ledger().add(Kind::held, layer.digest, layer.size, unused(layer));
    for (const Found& layer : take_stock_of_partial(root->disk, options))
      accounts.ledger().add(Kind::partial, layer.digest, layer.size, unused(layer));
  }
  Ledger& ledger() { return accounts.ledger(); }
  Result<void> make_room(const Digest& digest, ByteCount size);

  RootHandle root;
  Accounts accounts;
  OpenLayers open_layers{root->disk};
  Counters counters;
  Evictor evictor;
  Milliseconds keep;
  bool is_below_min_free = false;
  std::uint64_t next_temporary = 0;
};

Store::Store(Options options) : impl_(std::make_unique<Impl>(options)) {
  if (impl_->evictor.make_room({0}, {0})) log::warning("store", "store exceeds its capacity",
                                                       {{"next", "raise [store] capacity, or let layers end their use"}});
}
Store::~Store() = default;

std::optional<HeldLayer> Store::find(const Digest& digest) {
  auto layer = look(digest);
  // Remembered on the disk too, for the next start, as often as the order changes.
  if (layer && impl_->ledger().touch(digest)) layer->file()->mark_used();
  return layer;
}

std::optional<HeldLayer> Store::look(const Digest& digest) {
  if (!holds(digest)) return std::nullopt;
  auto layer = impl_->open_layers.open(digest);
  if (layer) return HeldLayer(std::move(*layer));
  log::warning("store", "cannot open a layer",
               {{"digest", digest.text()}, {"cause", layer.error().what}, {"next", "look at the disk"}});
  const ErrorKind kind = layer.error().kind;
  if (kind == ErrorKind::not_found || kind == ErrorKind::corrupt) impl_->evictor.remove_corrupt(digest);
  return std::nullopt;
}

bool Store::holds(const Digest& digest) const {
  return impl_->ledger().has(Kind::held, digest);
}

Result<Reserved> Store::reserve(const Digest& digest, ByteCount size) {
  if (impl_->accounts.is_active(digest))
    return fail(ErrorKind::unavailable, "reserve a layer: another reservation of it is active");
  if (size > largest_layer)
    return fail(ErrorKind::refused, "reserve a layer: no layer is larger than " + text(largest_layer));
  const auto room = impl_->make_room(digest, size);
  if (!room) return tl::unexpected(room.error());
  const bool replaces_corrupt = impl_->ledger().has(Kind::corrupt_undeletable, digest);
  const auto reservation =
      std::make_shared<Reservation>(impl_->root, digest, size, impl_->next_temporary++, replaces_corrupt);
  const auto made = impl_->evictor.make_file(size, [&] { return reservation->make_file(); });
  if (!made) impl_->counters.no_space.add();
  if (!made) return tl::unexpected(made.error());
  impl_->accounts.begin(digest, size);
  return Reserved(reservation);
}

// A partial layer's room becomes the reservation's; one of another size is replaced.
Result<void> Store::Impl::make_room(const Digest& digest, ByteCount size) {
  const auto partial = ledger().size(Kind::partial, digest);
  if (partial) ledger().remove(Kind::partial, digest);
  const bool is_resumed = partial == size;  // its blocks are allocated
  const auto refused = evictor.make_room(size, is_resumed ? ByteCount{} : size);
  if (!refused) return {};
  counters.no_space.add();
  if (partial) {
    ledger().add(Kind::partial, digest, *partial);  // its files count until they are gone
    evictor.remove({digest, Kind::partial});
  }
  const std::string limit =
      *refused == Cause::capacity
          ? "the store's capacity is " + text(ledger().capacity())
          : "min_free is " + text(evictor.min_free()) + ", free are " + text(ByteCount{root->disk.space().free_bytes});
  return fail(ErrorKind::no_space, "reserve " + text(size) + ": " + limit + " and no more can be evicted now");
}

bool Store::has_room(const Digest& digest, ByteCount size) {
  const auto partial = partial_size(digest);
  if (partial) return *partial == size;
  return impl_->evictor.fits(size);
}

std::optional<ByteCount> Store::partial_size(const Digest& digest) {
  return impl_->ledger().size(Kind::partial, digest);
}

Result<Reserved> Store::reserve_in_memory(const Digest& digest, ByteCount size) {
  return reserve_memory(impl_->root, digest, size).map([](auto reservation) { return Reserved(std::move(reservation)); });
}

void Store::ask_before_evicting(std::function<bool(const Digest&)> may_evict,
                                std::function<void(const Digest&)> evicted) {
  impl_->evictor.ask_before(std::move(may_evict), std::move(evicted));
}

void Store::tend(Milliseconds passed) {
  impl_->ledger().pass(passed);
  if (impl_->keep > Milliseconds::zero()) impl_->evictor.drop_unused(impl_->keep);
  const bool is_below = !impl_->evictor.free_disk();
  if (is_below && !std::exchange(impl_->is_below_min_free, is_below)) {
    log::warning("store", "file system nearly full",
                 {{"free_bytes", free().value},
                  {"min_free_bytes", min_free().value},
                  {"cause", "the store has nothing more to evict: others fill the file system"},
                  {"next", "free space there, or give the store a file system of its own"}});
  }
  impl_->is_below_min_free = is_below;
}

bool Store::drop(const Digest& digest, const PieceFile& file) {
  if (!holds(digest)) return false;
  const auto present = look(digest);
  if (present && !present->file()->is_same(file)) return false;
  impl_->evictor.remove_corrupt(digest);
  return true;
}

Result<Committed> Store::commit(const Reserved& reserved, const VerifiedLayer& proof, SideFile side) {
  const std::shared_ptr<Reservation>& reservation = reserved.reservation();
  SHOAL_CHECK(proof.file() == reservation->file() && proof.digest() == reservation->digest());
  SHOAL_CHECK(side.digest == reservation->digest() && side.size_bytes == reservation->size().value);
  SHOAL_CHECK(!reservation->file()->is_window());
  if (reservation->in_memory()) return Committed(reservation, nullptr, std::move(side));
  auto written = Written::make(reservation, side);
  if (!written) return tl::unexpected(written.error());
  auto named = std::move(*written).give_name();
  if (!named) return tl::unexpected(named.error());
  return Committed(reservation, std::make_unique<Named>(std::move(*named)), std::move(side));
}

HeldLayer Store::adopt(Committed committed) {
  const std::shared_ptr<Reservation>& reservation = committed.reservation();
  SHOAL_CHECK(reservation->root() == impl_->root);
  const Digest digest = reservation->digest();
  const OpenLayerHandle open =
      std::make_shared<OpenLayer>(OpenLayer{std::move(committed.side()), reservation->file()});
  if (!committed.named()) return HeldLayer(open);
  committed.named()->adopt();
  Ledger& ledger = impl_->ledger();
  // Our file has replaced the corrupt one. Another pull's file is no proof that the corrupt one is gone.
  if (committed.named()->is_data_ours()) ledger.remove(Kind::corrupt_undeletable, digest);
  if (ledger.has(Kind::corrupt_undeletable, digest)) return HeldLayer(open);
  ledger.add(Kind::held, digest, reservation->size());
  impl_->open_layers.add(digest, open);
  return HeldLayer(open);
}

Result<Committed> Store::write_small(const Reserved& reserved, ByteView bytes, std::string content_type,
                                     std::vector<std::string> upstreams) {
  const FileHandle& file = reserved.file();
  const PieceLayout& layout = file->layout();
  if (bytes.size() != layout.layer_size().value) return fail(ErrorKind::corrupt, "write a layer: size mismatch");
  Filling filling(reserved.digest(), file);
  const auto taken = filling.take(bytes);
  if (!taken) return tl::unexpected(taken.error());
  const auto proof = filling.finish();
  if (!proof) return tl::unexpected(proof.error());
  SideFile side{reserved.digest(), bytes.size(), static_cast<std::uint32_t>(layout.piece_length().value)};
  side.hashes = filling.hashes();
  side.content_type = std::move(content_type);
  side.upstreams = std::move(upstreams);
  return commit(reserved, *proof, std::move(side));
}

std::vector<Digest> Store::digests() const {
  return impl_->ledger().list(Kind::held);
}

ByteCount Store::used() const {
  return impl_->ledger().bytes(Kind::held) + impl_->ledger().bytes(Kind::corrupt_undeletable);
}
ByteCount Store::reserved() const {
  return impl_->ledger().reserved();
}
ByteCount Store::partial() const {
  return impl_->ledger().bytes(Kind::partial);
}
ByteCount Store::capacity() const {
  return impl_->ledger().capacity();
}
ByteCount Store::min_free() const {
  return impl_->evictor.min_free();
}
ByteCount Store::free() const {
  return {impl_->root->disk.space().free_bytes};
}
const Counters& Store::counters() const {
  return impl_->counters;
}

}  // namespace shoal::store
