// PeersThenOrigin: one layer's bytes from agents that hold it, then from the origin: for a tracker that has lost its
// store, or had no room. The origin is spared a copy, and may be unreachable.
//
// No agent is trusted: the layer's digest judges the bytes, as it does the origin's. Each agent is asked once, and left
// when it is slow (shared/holder/limits.hpp).
// Threads: the loop.
#pragma once

#include <deque>
#include <optional>
#include <vector>

#include "shared/control/messages.hpp"
#include "shared/http/client.hpp"
#include "tracker/seeder/layer_source.hpp"

namespace shoal::tracker::seeder {

class PeersThenOrigin final : public LayerSource {
 public:
  PeersThenOrigin(LayerSource& origin, const SwarmKey& key, std::deque<control::Endpoint> holders)
      : origin_(origin), key_(key), holders_(std::move(holders)) {}

  Result<void> may_ask(const std::string& upstream) const override { return origin_.may_ask(upstream); }
  Task<Result<std::unique_ptr<origin::LayerStream>>> open(origin::Repository repository, origin::Kind kind,
                                                          Digest digest, std::uint64_t from) override;
  Task<Result<origin::Answer>> ask(origin::Repository repository, std::string method, std::string tag,
                                   std::string accept) override {
    return origin_.ask(std::move(repository), std::move(method), std::move(tag), std::move(accept));
  }
  bool is_origin() const override { return !holder_; }
  void mark_used() override;
  const std::optional<control::Endpoint>& holder() const { return holder_; }  // opened last; none: the origin
  // The agent that sent bytes of the layer, if it was the only one: of several, any may have sent the wrong ones.
  std::optional<control::Endpoint> sole_holder() const;

 private:
  Task<Result<std::unique_ptr<origin::LayerStream>>> open_at(control::Endpoint holder, Digest digest,
                                                             std::uint64_t from);
  LayerSource& origin_;
  SwarmKey key_;
  std::deque<control::Endpoint> holders_;  // to be asked
  std::optional<control::Endpoint> holder_;
  std::vector<control::Endpoint> senders_;  // agents whose bytes were used
  bool is_continued_ = false;               // bytes of unknown senders were there before
};

}  // namespace shoal::tracker::seeder
