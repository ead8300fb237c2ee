// LazyReads: layers of which clients read parts that are not here, as snapshotters do that mount an image before it is
// pulled. Their parts come from the origin by Range, and nothing fetches the rest before a set share of the layer was
// read so. What one registry says of a layer, and what was read there, is kept apart from all others. Measured with
// stargz: it reads 141 KiB of a layer of 191 MiB to start a container, within 0.3 s.
//
// Threads: the loop.
#pragma once

#include <list>
#include <map>
#include <memory>
#include <optional>

#include "agent/pull/parts.hpp"
#include "agent/pull/possession.hpp"
#include "agent/pull/registry_slots.hpp"

namespace shoal::agent::pull {

struct LazyLimits {
  // Per cent of a layer that come by Range before the whole layer is fetched: from there on one copy is cheaper than
  // further parts, and other nodes may have it from here. 0: the layer is fetched at once.
  std::uint32_t percent = 25;
  // A client whose first request begins at 0 and is so long reads the whole layer in chunks; it gets the layer, fetched
  // once. Readers of files begin with a few bytes (stargz: 2) or with the table at the end (podman).
  ByteCount whole_reader = 1_MiB;
  // For the pieces of a part, while the layer is being fetched; then the rest of the part comes by Range. A reader of
  // files waits for each of them; one of chunks would get a second copy of the layer. Within a client's 30 s.
  Milliseconds wait_for_file{1'000};
  Milliseconds wait_for_chunk{10'000};
  std::size_t layers = 1'024;  // remembered, those of some fifty images; a forgotten one begins anew
  // Parts that one registry sends at once: a mount reads some ten files at once. Further ones wait this long at most.
  std::size_t at_once = 32;
  Milliseconds turn{5'000};
  // For a piece that other nodes hold: then the part comes by Range.
  Milliseconds wait_for_holder{250};
  Milliseconds look_again{5'000};  // for nodes that hold the layer: one question to the tracker
  Milliseconds fetch_again{60'000};  // after a fetch that failed: each try costs the cluster questions
};

// One part that comes from the origin. Not verified: only the client can, by the table of contents of its format.
class PartStream {
 public:
  PartStream(std::unique_ptr<origin::LayerStream> stream, Slots::Slot slot, Metrics& metrics)
      : stream_(std::move(stream)), slot_(std::move(slot)), metrics_(metrics) {}
  ByteCount layer_size() const { return stream_->size(); }
  Task<Result<ByteView>> next();  // as LayerStream::next

 private:
  std::unique_ptr<origin::LayerStream> stream_;
  Slots::Slot slot_;
  Metrics& metrics_;
};

class LazyReads {
 public:
  LazyReads(Parts parts, LazyLimits limits) : parts_(parts), limits_(limits), slots_(limits.at_once) {}

  enum class Source {
    origin,  // by Range, at once
    layer,   // which is being fetched
  };
  // Of a part whose pieces are not here: `length` bytes in all, from `first` on. `size` is the layer's, if known.
  Source choose(const Ask& ask, std::optional<ByteCount> size, std::uint64_t first, std::uint64_t length);
  // How long such a part waits for pieces of the layer.
  Milliseconds patience(std::uint64_t length) const;
  // Opens a part at the origin. `unavailable` too when the origin makes nothing of Range: the layer is fetched then.
  Task<Result<std::unique_ptr<PartStream>>> open(Ask ask, origin::Stretch part);

  // ---- of a layer that other nodes may hold

  // Whether to look for them now; true once in a while.
  bool looks_for_holders(const Ask& ask);
  // How long a part waits for its pieces, of which `held` have come so far: not at all after a wait in vain, until one comes.
  Milliseconds patience_with_holders(const Ask& ask, PieceIndex held);
  void note_holders_missed(const Ask& ask, PieceIndex held);
  void note_read(const Ask& ask, std::uint64_t length);  // of their pieces

  void note_failed_fetch(const Ask& ask);

 private:
  using Key = std::pair<std::string, Digest>;  // the registry's name
  static Key key_of(const Ask& ask) { return {ask.repository.upstream, ask.digest}; }
  struct Read {
    Key key;
    std::uint64_t passed_bytes = 0;   // in parts, those that came twice too
    bool is_whole_reader = false;     // some client reads it in chunks
    bool has_no_ranges = false;       // the origin makes nothing of Range
    bool is_fetched = false;          // told in the log
    std::optional<Time> fetch_after{};  // the last fetch failed
    std::optional<Time> looked_at{};    // for nodes that hold it
    std::optional<PieceIndex> missed_at{};  // a part waited for them in vain, when so many pieces were here
  };
  Read* find(const Ask& ask);
  Read& at(const Ask& ask);
  bool is_over(const Read& read, std::optional<ByteCount> size, std::uint64_t length) const;
  void tell_failure(const Ask& ask, const Error& error);

  Parts parts_;
  LazyLimits limits_;
  RegistrySlots slots_;
  std::list<Read> by_use_;  // the one read last in front
  std::map<Key, std::list<Read>::iterator> reads_;
};

}  // namespace shoal::agent::pull
