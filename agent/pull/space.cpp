#include "agent/pull/space.hpp"

#include "shared/log/log.hpp"

namespace shoal::agent::pull {

Result<void> agree_on_size(const Ask& ask, ByteCount size) {
  if (!ask.size_hint || *ask.size_hint == size) return {};
  return fail(ErrorKind::refused, "the layer has " + text(size) + ", its manifest says " + text(*ask.size_hint));
}

Result<void> reserve_space(const Parts& parts, Download& download, ByteCount size) {
  const Digest& digest = download.ask().digest;
  Result<store::Reserved> reserved = fail(ErrorKind::no_space, "a disk write failed less than 5 s ago");
  if (download.attempt().is_cached) reserved = parts.store.reserve(digest, size);
  // Whether the disk is full, read-only or broken: the layer can be served without storing it.
  if (!reserved && size <= largest_layer) {
    const std::string cause = reserved.error().what;
    reserved = parts.store.reserve_in_memory(digest, size);
    if (!reserved) return fail(ErrorKind::no_space, cause);
    parts.metrics.uncached_layers.add();
    log::warning("pull", "layer not cached",
                 {{"digest", digest.text()},
                  {"image", download.ask().image()},
                  {"cause", "the store has no room"},
                  {"detail", cause},
                  {"next", "free space on the store's file system, or raise [store] capacity"}});
  }
  if (!reserved) return tl::unexpected(reserved.error());
  download.begin(std::move(*reserved));
  return {};
}

Error storage_error(Error cause) {
  if (cause.kind != ErrorKind::corrupt) cause.kind = ErrorKind::no_space;
  return cause;
}

}  // namespace shoal::agent::pull
