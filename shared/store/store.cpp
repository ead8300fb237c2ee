#include "shared/store/store.hpp"

#include <list>

#include "shared/core/check.hpp"
#include "shared/log/log.hpp"
#include "shared/store/reserved.hpp"
#include "shared/store/root.hpp"

namespace shoal::store {

const Digest& Reserved::digest() const {
  return state_->digest;
}
const std::shared_ptr<PieceFile>& Reserved::file() const {
  return state_->file;
}

VerifiedSpan HeldLayer::readable(std::uint64_t from) const {
  const std::uint64_t size_bytes = side_->size_bytes;
  return VerifiedSpan(file_, from, from < size_bytes ? size_bytes - from : 0);
}

// The index of the visible layers, in the order of their use.
struct Store::Impl {
  struct Entry {
    ByteCount size;
    std::list<Digest>::iterator place;  // in by_use
  };

  explicit Impl(const Options& options) : capacity(options.capacity), root(open_root(options)) {
    for (const Found& layer : take_stock(*root, options)) insert(layer.digest, layer.size);
  }

  std::uint64_t taken_bytes() const { return used.value + root->reserved_bytes; }

  void insert(const Digest& digest, ByteCount size) {
    if (index.contains(digest)) return;
    index.emplace(digest, Entry{size, by_use.insert(by_use.end(), digest)});
    used += size;
  }

  // False when its files cannot be removed: then it stays, and counts.
  bool remove(const Digest& digest) {
    const auto removed = remove_layer(root->disk, digest);
    if (!removed) {
      log::warning("store", "cannot remove a layer", {{"digest", digest.text()}, {"cause", removed.error().what}});
      return false;
    }
    const auto entry = index.find(digest);
    used -= entry->second.size;
    by_use.erase(entry->second.place);
    index.erase(entry);
    return true;
  }

  // Evicts until `size` more bytes fit. Does not begin when that cannot succeed.
  bool make_room(ByteCount size) {
    if (size > capacity || root->reserved_bytes + size.value > capacity.value) return false;
    for (auto next = by_use.begin(); next != by_use.end() && taken_bytes() + size.value > capacity.value;) {
      const Digest digest = *next++;
      if (remove(digest)) log::info("store", "evicted a layer", {{"digest", digest.text()}});
    }
    return taken_bytes() + size.value <= capacity.value;
  }

  ByteCount capacity;
  std::shared_ptr<Root> root;
  std::list<Digest> by_use;  // least recently used first
  std::unordered_map<Digest, Entry> index;
  ByteCount used{};
  std::unordered_map<Digest, std::weak_ptr<Reserved::State>> on_their_way;
  std::uint64_t next_temporary = 0;
};

Store::Store(Options options) : impl_(std::make_unique<Impl>(options)) {
  if (!impl_->make_room({0})) log::warning("store", "holds more than its capacity");
}
Store::~Store() = default;

std::optional<HeldLayer> Store::find(const Digest& digest) {
  const auto entry = impl_->index.find(digest);
  if (entry == impl_->index.end()) return std::nullopt;
  auto layer = open_layer(impl_->root->disk, digest);
  if (!layer) {
    log::warning("store", "cannot open a layer", {{"digest", digest.text()}, {"cause", layer.error().what}});
    const ErrorKind kind = layer.error().kind;
    if (kind == ErrorKind::not_found || kind == ErrorKind::corrupt) impl_->remove(digest);
    return std::nullopt;
  }
  impl_->by_use.splice(impl_->by_use.end(), impl_->by_use, entry->second.place);
  const PieceLayout layout(ByteCount{layer->side.size_bytes});
  auto file = std::make_shared<PieceFile>(layer->data.release(), layout, impl_->root->disk.faults());
  return HeldLayer(std::make_shared<const Side>(std::move(layer->side)), std::move(file));
}

Result<Reserved> Store::reserve(const Digest& digest, ByteCount size) {
  std::erase_if(impl_->on_their_way, [](const auto& item) { return item.second.expired(); });
  SHOAL_CHECK(!impl_->on_their_way.contains(digest));
  if (size > largest_layer)
    return fail(ErrorKind::refused, "reserve a layer: no layer is larger than " + text(largest_layer));
  if (!impl_->make_room(size)) {
    return fail(ErrorKind::no_space, "reserve " + text(size) + ": the store's capacity is " + text(impl_->capacity));
  }
  std::string temporary = "tmp/" + digest.hex() + "." + std::to_string(impl_->next_temporary++);
  const auto state = std::make_shared<Reserved::State>(impl_->root, digest, size, std::move(temporary));
  const auto made = state->make_file();
  if (!made) return tl::unexpected(made.error());
  impl_->on_their_way.emplace(digest, state);
  return Reserved(state);
}

HeldLayer Store::adopt(Committed committed) {
  Reserved::State& state = *committed.state_;
  SHOAL_CHECK(state.root == impl_->root);
  impl_->insert(state.digest, state.size);
  state.adopt();
  impl_->on_their_way.erase(state.digest);
  return HeldLayer(std::move(committed.side_), state.file);
}

Result<Committed> Store::commit(const Reserved& reserved, const VerifiedLayer& proof, Side side) {
  Reserved::State& state = *reserved.state_;
  SHOAL_CHECK(proof.file() == state.file && proof.digest() == state.digest);
  SHOAL_CHECK(side.digest == state.digest && side.size_bytes == state.size.value);
  auto done = state.file->sync();
  if (done) done = state.write_side(side);
  if (done) done = state.give_name();
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
  return {impl_->by_use.begin(), impl_->by_use.end()};
}

ByteCount Store::used() const {
  return impl_->used;
}
ByteCount Store::reserved() const {
  return {impl_->root->reserved_bytes};
}

}  // namespace shoal::store
