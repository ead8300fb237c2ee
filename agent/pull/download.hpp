// Download: one attempt at one layer, while it is being filled: who asks for it, which pieces are there, which bytes may
// be served, and how it ended. All callers that ask for the layer share the one download; none of them can cancel it.
//
// Threads: the loop.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "agent/pull/arrival.hpp"
#include "agent/pull/askers.hpp"
#include "agent/pull/passage.hpp"
#include "agent/pull/wanted_parts.hpp"
#include "shared/core/clock.hpp"
#include "shared/core/pool.hpp"
#include "shared/core/signal.hpp"
#include "shared/store/store.hpp"

namespace shoal::agent::pull {

class Download;
// Shared: between the pull that fills it, its swarm's membership, and the coroutine frames of all its readers.
using SharedDownload = std::shared_ptr<Download>;

class Download : public std::enable_shared_from_this<Download> {
 public:
  struct Parts {
    Loop& loop;
    Clock& clock;
    Pool& pool;
  };
  struct Attempt {
    int number = 1;
    std::optional<Generation> disproved{};  // whose bytes proved wrong in the attempt before
    bool is_cached = true;                  // in the store; otherwise the layer is filled in memory or not at all
    // Of a layer that others hold. Shared: with the pull's readers. Null: the whole layer is wanted.
    std::shared_ptr<WantedParts> parts{};
  };
  Download(Parts parts, Askers askers, Attempt attempt);

  const Ask& ask() const { return askers_->filler()->ask; }  // of the one whose sources fill it
  Askers& askers() const { return *askers_; }
  const Attempt& attempt() const { return attempt_; }

  // ---- filling: the sources

  // The size is known and room for it is reserved; hashing begins behind the written prefix. Once.
  void begin(store::Reserved reserved);
  bool begun() const { return arrival_.has_value(); }
  // The pieces that an earlier pull left count from now on, each read and hashed again, once. Then pieces come from the
  // swarm of this generation, or without one from the origin.
  Task<Result<void>> resume(std::optional<Generation> generation);
  void note(const store::WrittenPiece& piece, std::uint64_t Received::*source);
  // Verified bytes of the whole layer: all its pieces.
  Task<Result<void>> write_whole(Bytes bytes, std::uint64_t Received::*source);
  void set_content_type(std::string type) { content_type_ = std::move(type); }

  const Arrival& arrival() const { return *arrival_; }  // once begun
  const PieceLayout& layout() const { return arrival_->layout(); }
  bool filled() const { return arrival_ && arrival_->written().complete(); }
  Signal& changed() { return changed_; }

  // Of a layer without room, of which a window is in memory; null else. Once begun.
  const std::unique_ptr<Passage>& passage() const { return passage_; }

  // ---- ending: the pull path

  // When filled: the layer's own digest, the last check. `corrupt` when it does not match.
  Task<Result<store::VerifiedLayer>> verified();
  void finish(Result<store::HeldLayer> outcome);  // once; after `corrupt` nothing of it stays
  bool finished() const { return outcome_.has_value(); }

  // ---- serving: any number of readers

  Task<Result<ByteCount>> size();  // waits until it is known, or the download ended
  // Waits until bytes may be served at `from`; empty only at the end of the layer. `reader` is there now, of a
  // passage, whose window it keeps there. `no_space` outside of the window.
  Task<Result<store::VerifiedSpan>> readable(std::uint64_t from, Window::Reader reader = nullptr);
  // As `readable`, for at most `limit`; then `unavailable`, while the download goes on.
  Task<Result<store::VerifiedSpan>> readable_within(std::uint64_t from, Milliseconds limit,
                                                    Window::Reader reader = nullptr);
  const std::string& content_type() const { return content_type_; }

  // ---- serving a part: the reader checks it, so it waits for its own pieces and not for the layer's digest

  // The bytes of [from, end) that are there up to the first that is not; nothing when none is.
  std::optional<store::VerifiedSpan> part_now(std::uint64_t from, std::uint64_t end) const;

 private:
  std::optional<Result<store::VerifiedSpan>> readable_now(std::uint64_t from) const;
  Task<void> hash_behind();

  Parts parts_;
  std::unique_ptr<Askers> askers_;
  Attempt attempt_;
  Signal changed_;
  std::optional<Arrival> arrival_;
  std::unique_ptr<Passage> passage_;
  std::optional<Result<store::VerifiedLayer>> verdict_;
  std::optional<Result<store::HeldLayer>> outcome_;
  std::string content_type_;
};

// Whether readers of parts alone wait for the download, which then comes from the cluster or not at all.
inline bool wants_parts(const Download& download) {
  const auto& parts = download.attempt().parts;
  return parts && !parts->is_whole();
}

void want_whole(Download& download);  // a reader of the whole has come

// Why it has ended without the layer; nothing while it is under way.
Task<std::optional<Error>> failure_of(SharedDownload download);
// Where bytes that have arrived came from. Those of the origin are passed_through when the layer is not kept.
SourceBytes sources_of(const Download& download, std::uint64_t first, std::uint64_t end);

}  // namespace shoal::agent::pull
