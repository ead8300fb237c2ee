// Download: one attempt at one layer, while it is being filled: what was asked, which pieces are there, what may be
// handed over, and how it ended. Everybody who wants the layer shares the one download; none of them can cancel it.
//
// Threads: the loop.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "shared/core/clock.hpp"
#include "shared/core/pool.hpp"
#include "shared/core/signal.hpp"
#include "shared/origin/origin.hpp"
#include "shared/store/store.hpp"

namespace shoal::agent::pull {

// A layer that somebody wants, and where the origin keeps it.
struct Ask {
  Digest digest;
  origin::Kind kind = origin::Kind::blob;
  origin::Repository repository;
  std::optional<ByteCount> size_hint;  // from a verified manifest, or the origin
  std::string authorization;           // the caller's own header, for the origin only
};

struct Received {  // bytes, by where they came from: for the log line and the status page
  std::uint64_t from_peers = 0;
  std::uint64_t from_seeder = 0;
  std::uint64_t from_holder = 0;
  std::uint64_t from_origin = 0;
  std::uint64_t from_partial = 0;  // what an earlier pull had left
};

class Download : public std::enable_shared_from_this<Download> {
 public:
  Download(Loop& loop, Pool& pool, Ask ask, int attempt, std::optional<Generation> disproved = {});

  const Ask& ask() const { return ask_; }
  // What the next attempt goes by.
  void learn_size(ByteCount size) { ask_.size_hint = size; }
  int attempt() const { return attempt_; }
  // The swarm's generation whose bytes proved wrong in the attempt before.
  std::optional<Generation> disproved() const { return disproved_; }
  // That all pieces came from; none when they came from several, or from elsewhere.
  std::optional<Generation> generation() const { return is_mixed_ ? std::nullopt : generation_; }

  // ---- filling: the sources

  // The size is known and room for it is reserved; hashing begins behind the written prefix. Once.
  void begin(store::Reserved reserved);
  // The pieces that an earlier pull left, each read and hashed again, count from now on, once. With a generation, those
  // of another one that an earlier pull left are forgotten, and those of our own are unproven from now on.
  Task<Result<void>> take_up(std::optional<Generation> generation);
  bool begun() const { return partial_.has_value(); }
  void note(const store::WrittenPiece& piece, std::uint64_t Received::*source);
  // Verified whole bytes of a small layer: all its pieces at once.
  Result<void> write_whole(ByteView bytes, std::uint64_t Received::*source);
  void set_content_type(std::string type) { content_type_ = std::move(type); }
  // Before it begins: it is filled in memory or not at all.
  void do_not_keep() { to_be_kept_ = false; }
  bool to_be_kept() const { return to_be_kept_; }

  const store::PartialLayer& partial() const { return *partial_; }
  // Of the pieces written, those that may be offered to the swarm of the generation taken up last, and the others.
  PieceSet proven() const { return is_mixed_ ? PieceSet(partial_->written().size()) : partial_->written(); }
  PieceSet unproven() const { return is_mixed_ ? partial_->written() : PieceSet(); }
  const store::Reserved& reserved() const { return *reserved_; }
  bool filled() const { return partial_ && partial_->complete(); }

  // ---- ending: the pull path

  // When filled: the layer's own digest, the final judge. `corrupt` when it does not match.
  Task<Result<store::VerifiedLayer>> verified();
  void settle(Result<store::HeldLayer> outcome);  // once; after `corrupt` nothing of it stays
  bool settled() const { return outcome_.has_value(); }

  // ---- handing over: any number of readers

  Task<Result<ByteCount>> size();  // waits until it is known, or the download ended
  // Waits until something may be handed over at `from`; empty only at the end of the layer.
  Task<Result<store::VerifiedSpan>> readable(std::uint64_t from);
  // As `readable`, for at most `limit`; then `unavailable`, while the download goes on.
  Task<Result<store::VerifiedSpan>> readable_within(std::uint64_t from, Milliseconds limit);

  const std::string& content_type() const { return content_type_; }
  const Received& received() const { return received_; }
  Signal& changed() { return changed_; }

 private:
  std::optional<Result<store::VerifiedSpan>> look(std::uint64_t from) const;
  Task<void> hash_behind();

  Loop& loop_;
  Pool& pool_;
  Ask ask_;
  int attempt_;
  std::optional<Generation> disproved_;
  std::optional<Generation> generation_;
  bool is_mixed_ = false;  // with pieces of another generation
  Signal changed_;
  std::optional<store::Reserved> reserved_;
  bool taken_up_ = false;
  bool to_be_kept_ = true;
  std::optional<store::PartialLayer> partial_;
  std::optional<Result<store::VerifiedLayer>> verdict_;
  std::optional<Result<store::HeldLayer>> outcome_;
  std::string content_type_;
  Received received_;
};

}  // namespace shoal::agent::pull
