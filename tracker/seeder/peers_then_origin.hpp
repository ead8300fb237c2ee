// PeersThenOrigin: one layer's bytes from agents that hold it, then from the origin: for a tracker that has lost its
// store, or had no space. The origin then sends one copy less, or may be unreachable.
//
// No agent is trusted: the bytes are checked against the layer's digest, as the origin's are. Each agent is asked once, and left
// when it is slow (shared/holder/limits.hpp).
// Threads: the loop.
#pragma once

#include <optional>
#include <vector>

#include "shared/origin/resuming_stream.hpp"
#include "tracker/seeder/parts.hpp"

namespace shoal::tracker::seeder {

class PeersThenOrigin final : public origin::RangeSource {
 public:
  // `parts` outlives it.
  PeersThenOrigin(const Parts& parts, SeedRequest request, std::deque<control::Endpoint> holders)
      : parts_(parts), request_(std::move(request)), holders_(std::move(holders)) {}

  Task<Result<std::unique_ptr<origin::LayerStream>>> open(std::uint64_t from) override;
  // Reading from origins is paced.
  Task<void> received(ByteCount all, ByteCount fresh) override;
  // The layer's size is known: an agent that names another one is passed over. Only a size from the origin makes the
  // bytes that were there before wrong.
  void expect(ByteCount size) { size_ = size; }

  const std::optional<control::Endpoint>& holder() const { return holder_; }  // opened last; none: the origin
  bool any_from_holders() const { return holder_ || !senders_.empty(); }  // not all are the origin's
  // The agent that sent bytes of the layer, if it was the only one: of several, any may have sent the wrong ones.
  std::optional<control::Endpoint> sole_holder() const;

 private:
  Task<Result<std::unique_ptr<origin::LayerStream>>> open_at(control::Endpoint holder, std::uint64_t from);

  const Parts& parts_;
  const SeedRequest request_;
  std::deque<control::Endpoint> holders_;  // to be asked
  std::optional<control::Endpoint> holder_;
  std::optional<ByteCount> size_;
  std::vector<control::Endpoint> senders_;  // agents whose bytes were used
  bool is_continued_ = false;               // bytes of unknown senders were there before
};

}  // namespace shoal::tracker::seeder
