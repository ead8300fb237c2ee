#include "shared/store/store.hpp"

#include "shared/core/check.hpp"
#include "shared/log/log.hpp"
#include "shared/store/ledger.hpp"
#include "shared/store/record.hpp"
#include "shared/store/reserved.hpp"
#include "shared/store/root.hpp"

namespace shoal::store {

using Kind = Ledger::Kind;

const Digest& Reserved::digest() const {
  return state_->digest;
}
const std::shared_ptr<PieceFile>& Reserved::file() const {
  return state_->file;
}

Result<std::vector<NotedPiece>> Reserved::left() const {
  const Record* record = file()->record();
  if (!record || record->empty()) return std::vector<NotedPiece>();
  return record->pieces();
}

Generation Reserved::left_generation() const {
  const Record* record = file()->record();
  return record ? record->generation() : 0;
}

Result<void> Reserved::start_generation(Generation generation) const {
  Record* record = file()->record();
  if (!record || record->generation() == generation) return {};
  return record->start_generation(generation);
}

Result<void> Reserved::leave_generations() const {
  Record* record = file()->record();
  return record ? record->leave_generations() : Result<void>();
}

void Reserved::discard() const {
  state_->discarded = true;
}

VerifiedSpan HeldLayer::readable(std::uint64_t from) const {
  const std::uint64_t size_bytes = open_->side.size_bytes;
  return VerifiedSpan(open_->file, from, from < size_bytes ? size_bytes - from : 0, open_);
}

struct Store::Impl {
  struct OnItsWay {
    std::shared_ptr<std::atomic<Fate>> fate;
    ByteCount size;
  };

  explicit Impl(const Options& options) : ledger(options.capacity), root(open_root(options)) {
    for (const Found& layer : take_stock(*root, options)) ledger.add(Kind::held, layer.digest, layer.size);
    for (const Found& layer : take_stock_of_partial(*root, options))
      ledger.add(Kind::partial, layer.digest, layer.size);
  }

  void settle();
  void spoil(const Digest& digest);
  bool remove(const Ledger::Item& item);
  std::vector<Ledger::Item> what_may_go() const;
  bool evict(const Ledger::Item& item);
  bool make_room(ByteCount size);
  Result<void> make_file(Reserved::State& state);
  std::shared_ptr<HeldLayer::Open> open(const Digest& digest);
  void use(const Digest& digest, const PieceFile& file);

  Ledger ledger;
  std::shared_ptr<Root> root;
  std::unordered_map<Digest, OnItsWay> on_their_way;
  std::unordered_map<Digest, std::weak_ptr<const HeldLayer::Open>> readers;
  std::function<bool(const Digest&)> may_go;
  std::function<void(const Digest&)> gone;
  std::uint64_t next_temporary = 0;
};

// Takes note of the reservations that have ended, wherever their last copy was dropped.
void Store::Impl::settle() {
  for (auto entry = on_their_way.begin(); entry != on_their_way.end();) {
    const Fate fate = *entry->second.fate;
    if (fate == Fate::under_way) {
      ++entry;
      continue;
    }
    ledger.give_back(entry->second.size);
    if (fate == Fate::left) ledger.add(Kind::partial, entry->first, entry->second.size);
    entry = on_their_way.erase(entry);
  }
}

// False when its files cannot be removed: then it stays, and counts.
bool Store::Impl::remove(const Ledger::Item& item) {
  const auto removed =
      item.kind == Kind::partial ? remove_partial(root->disk, item.digest) : remove_layer(root->disk, item.digest);
  if (!removed) {
    log::warning("store", "cannot remove a layer", {{"digest", item.digest.text()}, {"cause", removed.error().what}});
    return false;
  }
  ledger.remove(item.kind, item.digest);
  if (item.kind == Kind::held) readers.erase(item.digest);
  return true;
}

// It is held no longer, though a disk that cannot be written any more may keep its files.
void Store::Impl::spoil(const Digest& digest) {
  const auto size = ledger.size(Kind::held, digest);
  if (!size || remove({digest, Kind::held})) return;
  ledger.remove(Kind::held, digest);
  ledger.add(Kind::spoilt, digest, *size);
  readers.erase(digest);
}

// In the order of going: neither what somebody reads nor what its owner needs, nor the names of what is on its way.
std::vector<Ledger::Item> Store::Impl::what_may_go() const {
  std::vector<Ledger::Item> items = ledger.order_of_going();
  std::erase_if(items, [this](const Ledger::Item& item) {
    if (item.kind == Kind::spoilt) return on_their_way.contains(item.digest);
    if (item.kind != Kind::held) return false;
    const auto reader = readers.find(item.digest);
    return (reader != readers.end() && !reader->second.expired()) || (may_go && !may_go(item.digest));
  });
  return items;
}

bool Store::Impl::evict(const Ledger::Item& item) {
  if (!remove(item)) return false;
  log::info("store", item.kind == Kind::partial ? "evicted a partial layer" : "evicted a layer",
            {{"digest", item.digest.text()}});
  if (item.kind == Kind::held && gone) gone(item.digest);
  return true;
}

// Evicts until `size` more bytes fit. Does not begin when that cannot succeed.
bool Store::Impl::make_room(ByteCount size) {
  if (!ledger.can_ever_fit(size)) return false;
  if (ledger.fits(size)) return true;
  const std::vector<Ledger::Item> items = what_may_go();
  if (!ledger.would_fit(size, items)) return false;
  for (const Ledger::Item& item : items) {
    if (evict(item) && ledger.fits(size)) return true;
  }
  return false;
}

// A disk that is full before the capacity is reached makes room like a full store, if that can help at all.
Result<void> Store::Impl::make_file(Reserved::State& state) {
  auto made = state.make_file();
  if (made || made.error().kind != ErrorKind::no_space) return made;
  const std::vector<Ledger::Item> items = what_may_go();
  if (root->disk.free_bytes() + ledger.bytes(items).value < state.size.value) return made;
  for (const Ledger::Item& item : items) {
    if (!evict(item) || root->disk.free_bytes() < state.size.value) continue;
    made = state.make_file();
    if (made || made.error().kind != ErrorKind::no_space) return made;
  }
  return made;
}

std::shared_ptr<HeldLayer::Open> Store::Impl::open(const Digest& digest) {
  auto layer = open_layer(root->disk, digest);
  if (!layer) {
    log::warning("store", "cannot open a layer", {{"digest", digest.text()}, {"cause", layer.error().what}});
    const ErrorKind kind = layer.error().kind;
    if (kind == ErrorKind::not_found || kind == ErrorKind::corrupt) spoil(digest);
    return nullptr;
  }
  const PieceLayout layout(ByteCount{layer->side.size_bytes});
  auto file = std::make_shared<PieceFile>(layer->data.release(), layout, root->disk.faults());
  return std::make_shared<HeldLayer::Open>(HeldLayer::Open{std::move(layer->side), std::move(file)});
}

// Remembered on the disk too, for the next start, as often as the order changes.
void Store::Impl::use(const Digest& digest, const PieceFile& file) {
  if (ledger.touch(digest)) mark_used(file.descriptor());
}

Store::Store(Options options) : impl_(std::make_unique<Impl>(options)) {
  if (!impl_->make_room({0})) log::warning("store", "holds more than its capacity");
}
Store::~Store() = default;

std::optional<HeldLayer> Store::find(const Digest& digest) {
  auto layer = look(digest);
  if (layer) impl_->use(digest, *layer->file());
  return layer;
}

std::optional<HeldLayer> Store::look(const Digest& digest) {
  if (!holds(digest)) return std::nullopt;
  auto& reader = impl_->readers[digest];
  std::shared_ptr<const HeldLayer::Open> open = reader.lock();
  if (!open) {
    open = impl_->open(digest);
    if (!open) return std::nullopt;
    impl_->readers[digest] = open;
  }
  return HeldLayer(std::move(open));
}

bool Store::holds(const Digest& digest) const {
  return impl_->ledger.has(Kind::held, digest);
}

Result<Reserved> Store::reserve(const Digest& digest, ByteCount size) {
  impl_->settle();
  if (impl_->on_their_way.contains(digest))
    return fail(ErrorKind::unavailable, "reserve a layer: it is on its way already");
  if (size > largest_layer)
    return fail(ErrorKind::refused, "reserve a layer: no layer is larger than " + text(largest_layer));
  // A partial layer's room becomes the reservation's; one of another size is replaced.
  const auto partial = impl_->ledger.size(Kind::partial, digest);
  if (partial) impl_->ledger.remove(Kind::partial, digest);
  if (!impl_->make_room(size)) {
    if (partial) {
      impl_->ledger.add(Kind::partial, digest, *partial);  // its files count until they are gone
      impl_->remove({digest, Kind::partial});
    }
    return fail(ErrorKind::no_space, "reserve " + text(size) + ": the store's capacity is " +
                                         text(impl_->ledger.capacity()) + " and what it holds is in use");
  }
  const auto state = std::make_shared<Reserved::State>(impl_->root, digest, size, Reserved::State::Place::disk,
                                                       impl_->next_temporary++);
  state->replaces = impl_->ledger.has(Kind::spoilt, digest);
  const auto made = impl_->make_file(*state);
  if (!made) return tl::unexpected(made.error());
  impl_->ledger.reserve(size);
  impl_->on_their_way.emplace(digest, Impl::OnItsWay{state->fate, size});
  return Reserved(state);
}

bool Store::has_room(const Digest& digest, ByteCount size) {
  const auto partial = partial_size(digest);
  if (partial) return *partial == size;
  return impl_->ledger.fits(size) && impl_->root->disk.free_bytes() >= size.value;
}

std::optional<ByteCount> Store::partial_size(const Digest& digest) {
  impl_->settle();
  return impl_->ledger.size(Kind::partial, digest);
}

Result<Reserved> Store::reserve_in_memory(const Digest& digest, ByteCount size) {
  if (size > largest_in_memory || impl_->root->memory_bytes > (largest_in_memory - size).value) {
    return fail(ErrorKind::no_space,
                "reserve " + text(size) + " in memory: at most " + text(largest_in_memory) + " are kept there");
  }
  const auto state = std::make_shared<Reserved::State>(impl_->root, digest, size, Reserved::State::Place::memory, 0);
  const auto made = state->make_file();
  if (!made) return tl::unexpected(made.error());
  return Reserved(state);
}

void Store::ask_before_evicting(std::function<bool(const Digest&)> may_go, std::function<void(const Digest&)> gone) {
  impl_->may_go = std::move(may_go);
  impl_->gone = std::move(gone);
}

bool Store::drop(const Digest& digest, const PieceFile& file) {
  if (!holds(digest)) return false;
  const auto present = look(digest);
  if (present && !present->file()->is_same(file)) return false;
  impl_->spoil(digest);
  return true;
}

HeldLayer Store::adopt(Committed committed) {
  Reserved::State& state = *committed.state_;
  SHOAL_CHECK(state.root == impl_->root);
  state.adopt();
  auto open = std::make_shared<const HeldLayer::Open>(HeldLayer::Open{*committed.side_, state.file});
  if (state.in_memory()) return HeldLayer(std::move(open));
  impl_->settle();
  if (state.has_name()) impl_->ledger.remove(Kind::spoilt, state.digest);  // whose file this one has replaced
  if (impl_->ledger.has(Kind::spoilt, state.digest)) return HeldLayer(std::move(open));
  impl_->ledger.add(Kind::held, state.digest, state.size);
  auto& reader = impl_->readers[state.digest];
  if (reader.expired()) reader = open;
  return HeldLayer(std::move(open));
}

Result<Committed> Store::commit(const Reserved& reserved, const VerifiedLayer& proof, Side side) {
  Reserved::State& state = *reserved.state_;
  SHOAL_CHECK(proof.file() == state.file && proof.digest() == state.digest);
  SHOAL_CHECK(side.digest == state.digest && side.size_bytes == state.size.value);
  Result<void> done;
  if (!state.in_memory()) {
    done = state.file->sync();
    if (!done) reserved.discard();  // what the disk refused once it may forget, whatever it says later
    if (done) done = state.write_side(side);
    if (done) done = state.give_name();
  }
  if (!done) return tl::unexpected(done.error());
  return Committed(reserved.state_, std::make_shared<const Side>(std::move(side)));
}

Result<Committed> Store::write_small(const Reserved& reserved, ByteView bytes, std::string content_type) {
  const std::shared_ptr<PieceFile>& file = reserved.file();
  const PieceLayout& layout = file->layout();
  if (bytes.size() != layout.layer_size().value)
    return fail(ErrorKind::corrupt, "the layer does not have the size it was said to have");
  PieceHashes hashes(layout);
  for (PieceIndex piece = 0; piece < layout.count(); ++piece) {
    const auto verified = hashes.take_from_origin(piece, bytes.subspan(layout.offset(piece), layout.length(piece)));
    if (!verified) return tl::unexpected(verified.error());
    const auto written = file->write(*verified);
    if (!written) return tl::unexpected(written.error());
  }
  LayerVerifier verifier(reserved.digest(), file);
  const auto hashed = verifier.advance(bytes.size());
  if (!hashed) return tl::unexpected(hashed.error());
  const auto proof = verifier.finish();
  if (!proof) return tl::unexpected(proof.error());
  Side side{reserved.digest(), bytes.size(), static_cast<std::uint32_t>(layout.piece_length().value)};
  side.hashes = hashes.all();
  side.content_type = std::move(content_type);
  return commit(reserved, *proof, std::move(side));
}

std::vector<Digest> Store::digests() const {
  return impl_->ledger.list(Kind::held);
}

ByteCount Store::used() const {
  return impl_->ledger.bytes(Kind::held) + impl_->ledger.bytes(Kind::spoilt);
}
ByteCount Store::reserved() const {
  impl_->settle();
  return impl_->ledger.reserved();
}
ByteCount Store::partial() const {
  impl_->settle();
  return impl_->ledger.bytes(Kind::partial);
}

}  // namespace shoal::store
