// Pulls: the pull path. One download per layer however many ask; request -> held? -> join -> pieces -> verified ->
// handed over. Each stage returns the next value or a failure.
//
// Threads: the loop.
#pragma once

#include <random>
#include <unordered_map>
#include <variant>

#include "agent/pull/cluster_source.hpp"
#include "agent/pull/download.hpp"
#include "agent/pull/origin_source.hpp"
#include "agent/pull/parts.hpp"

namespace shoal::agent::pull {

// What may be handed over: a layer that is held, or one that is arriving.
class Layer {
 public:
  explicit Layer(store::HeldLayer held) : source_(std::move(held)) {}
  Layer(std::shared_ptr<Download> download, ByteCount size) : source_(std::move(download)), size_(size) {}

  bool held() const { return std::holds_alternative<store::HeldLayer>(source_); }
  ByteCount size() const { return held() ? std::get<store::HeldLayer>(source_).size() : size_; }
  std::string content_type() const;  // of a manifest, once it has arrived
  // Waits until the digest of the whole layer has matched; the error of the pull when it did not.
  Task<Result<void>> verified() const;
  // As `verified`, for at most `limit`; then `unavailable`, while the download goes on.
  Task<Result<void>> verified_within(Milliseconds limit) const;
  Task<Result<store::VerifiedSpan>> readable(std::uint64_t from) const;
  Task<Result<store::VerifiedSpan>> readable_within(std::uint64_t from, Milliseconds limit) const;

 private:
  std::variant<store::HeldLayer, std::shared_ptr<Download>> source_;
  ByteCount size_{};
};

struct Limits {
  int attempts = 2;                 // the origin's bytes may be wrong once (DESIGN section 6)
  Milliseconds origin_spread{500};  // nodes whose cluster fails them ask the origin spread over so long
  Milliseconds disk_rest{5'000};    // after a write that the disk refused: until then nothing is kept
  ClusterLimits cluster;
  OriginLimits origin;
};

class Pulls final : public link::Listener {
 public:
  Pulls(Parts parts, Limits limits);

  // The layer, as soon as its size is known. Errors: not_found, refused (see the text), unavailable, no_space, corrupt.
  Task<Result<Layer>> open(Ask ask);
  std::optional<Layer> find_held(const Digest& digest);
  // Held, or arriving and its size known within `limit`. Starts nothing.
  Task<std::optional<Layer>> find_begun(Digest digest, Milliseconds limit);
  // After `no_space`: the layer for one client, from the origin, without keeping it.
  Task<Result<std::unique_ptr<Passing>>> pass(Ask ask);

  // A layer that was dropped from the store: nobody is sent here for it any more.
  void forget(const Digest& digest) { cluster_.forget(digest); }
  // The disk does not give the bytes of a held layer's file: whoever asks next pulls the layer anew.
  void drop(const Digest& digest, const store::PieceFile& file);

  // Verified bytes that came with another answer (a manifest asked by its tag) become a held layer.
  Task<void> keep_bytes(Ask ask, Bytes bytes, std::string content_type);

  const std::unordered_map<Digest, std::shared_ptr<Download>>& running() const { return running_; }
  std::size_t committing() const;  // layers that are whole and on their way to being held

  void on_up(link::TrackerLink& link) override;
  void on_message(link::TrackerLink& link, control::TrackerMessage message) override;

 private:
  std::shared_ptr<Download> start(Ask ask, int attempt, std::optional<Generation> disproved = {});
  Task<void> pull(std::shared_ptr<Download> download);
  Task<Result<store::HeldLayer>> judge(std::shared_ptr<Download> download);
  Task<Result<void>> arrive(std::shared_ptr<Download> download);
  Task<Result<void>> fall_back(std::shared_ptr<Download> download, Error why);
  Task<Result<store::HeldLayer>> keep(std::shared_ptr<Download> download, store::VerifiedLayer proof);
  void end(std::shared_ptr<Download> download, Result<store::HeldLayer> outcome, Time started);

  Parts parts_;
  Limits limits_;
  ClusterSource cluster_;
  OriginSource origin_;
  std::unordered_map<Digest, std::shared_ptr<Download>> running_;
  std::minstd_rand random_{std::random_device{}()};
  std::optional<Time> disk_failed_at_;
};

}  // namespace shoal::agent::pull
