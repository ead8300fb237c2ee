#include "agent/pull/room.hpp"

#include "shared/log/log.hpp"

namespace shoal::agent::pull {

Result<void> make_room(const Parts& parts, Download& download, ByteCount size) {
  const Digest& digest = download.ask().digest;
  if (download.ask().size_hint && *download.ask().size_hint != size) {
    return fail(ErrorKind::refused,
                "the layer has " + text(size) + ", its manifest says " + text(*download.ask().size_hint));
  }
  Result<store::Reserved> reserved = fail(ErrorKind::no_space, "the disk failed a moment ago");
  if (download.to_be_kept()) reserved = parts.store.reserve(digest, size);
  // Whatever is wrong with the disk, full, read-only or broken: the layer need not be kept to be handed over.
  if (!reserved && size <= largest_layer) {
    const std::string why = reserved.error().what;
    reserved = parts.store.reserve_in_memory(digest, size);
    if (!reserved) return fail(ErrorKind::no_space, why);
    parts.metrics.unkept_layers.add();
    log::warning("pull", "no room to keep a layer", {{"digest", digest.text()}, {"why", why}});
  }
  if (!reserved) return tl::unexpected(reserved.error());
  download.begin(std::move(*reserved));
  return {};
}

Error not_kept(Error cause) {
  if (cause.kind != ErrorKind::corrupt) cause.kind = ErrorKind::no_space;
  return cause;
}

}  // namespace shoal::agent::pull
