// Openings: the sources of one layer, asked until one answers. Each belongs to callers of its own, with a registry, a
// repository and a credential; what one source lacks or refuses is told to its callers alone, and the next one is asked. A
// source that is silent for a while is not waited for either: a dead registry does not hold up another's callers.
//
// The bytes of all sources are one layer's: its digest decides. Threads: the loop.
#pragma once

#include <memory>

#include "shared/control/timing.hpp"
#include "shared/core/signal.hpp"
#include "shared/origin/resuming_stream.hpp"
#include "tracker/seeder/peers_then_origin.hpp"

namespace shoal::tracker::seeder {

struct Source {  // agents that hold the layer, then the request's origin
  Source(const Parts& parts, const SeedRequest& asked, std::deque<control::Endpoint> holders)
      : request(asked), bytes(parts, asked, std::move(holders)) {}

  SeedRequest request;
  PeersThenOrigin bytes;
  std::optional<origin::ResumingStream> stream;  // of `bytes`, while it is opened and read
  enum class State { unasked, opening, open, used, failed } state = State::unasked;
  Error cause{ErrorKind::unavailable, ""};  // of a failed one
  bool is_told = false;                     // likewise, to its callers
};
using SharedSource = std::shared_ptr<Source>;  // Shared: with the coroutine that opens it, which may outlive the fetch

class Openings : public std::enable_shared_from_this<Openings> {  // Shared: likewise
 public:
  // Without an answer of the registries before, until the next one is asked: they answer within a round trip or a few.
  static constexpr Milliseconds patience{300};
  static constexpr std::size_t most = 16;  // callers of one layer with sources of their own, at the same time
  // Many agents wait for one fetch, so that it is patient; an agent's own limits are in agent/pull/origin_source.hpp.
  static constexpr origin::ResumeLimits limits{
      .open_time = control::timing::keep_asking,  // then the agents hear how the origin failed
      // Soon after a first failure, which may have been chance; a registry that restarts needs seconds.
      .open_backoff = {.first = Milliseconds(100), .growth = 3, .longest = Milliseconds(3'000)},
      // A large layer over a poor link breaks off often: as long as each body brings something, the fetch goes on. A
      // connection or two may break by chance; an origin that sends nothing three times does not send the layer.
      .empty_bodies = 3,
      .body_backoff = {.first = Milliseconds(100), .growth = 1, .longest = Milliseconds(100)},
  };

  // A source has failed while others are left.
  using OnRefused = std::function<void(const SeedRequest&, const Error&)>;
  // `parts` outlives the loop's tasks.
  Openings(const Parts& parts, bool asks_holders, OnRefused on_refused)
      : parts_(parts), asks_holders_(asks_holders), on_refused_(std::move(on_refused)), changed_(parts.loop) {}

  // Once for each source; nothing when there are too many: its callers then wait for the others'.
  void add(const SeedRequest& request);
  bool has(const SeedRequest& request) const;  // and it has not failed
  void expect(ByteCount size) { size_ = size; }  // of the layer, as an earlier answer named it

  // The first source that answers with the layer from byte `from`; a small one may have been open before. When all have
  // failed: nothing, and `last_failed` has the one whose callers were not told.
  static Task<SharedSource> next(std::shared_ptr<Openings> self, std::uint64_t from);
  const Source& last_failed() const { return *last_failed_; }
  // The source in use: it broke off, or its next agent is to be asked.
  void drop(Source& source, const Error& cause);
  void reopen(Source& source) { source.state = Source::State::unasked; }
  bool has_other(const Source& source) const;  // that has not failed
  bool has_other_registry(const Source& source) const;  // of such a one

  // ---- while the source in use is silent

  // Others are asked beside it, for the layer from byte `from`. True once one of another registry has answered. What those that
  // fail say is told to their callers.
  bool ask_beside(const Source& used, std::uint64_t from);
  void close_open();  // the source in use goes on: another one that has answered is not read
  // It is not waited for any more, though whoever reads it has its stream. Returns what stands for it, as failed.
  SharedSource abandon(const Source& source, const Error& cause);
  // All that have not failed, `last` behind them; one at least.
  std::vector<SeedRequest> requests(const Source* last) const;
  void close();  // the fetch has ended: what opens later is dropped

 private:
  using State = Source::State;
  static Task<void> open(std::shared_ptr<Openings> self, SharedSource source);
  Task<Result<void>> open_one(SharedSource source, std::uint64_t from);
  Result<void> check_size(const Source& source) const;
  SharedSource find(State state) const;
  SharedSource find(const SeedRequest& request) const;
  SharedSource find_next() const;
  void ask_next();
  void choose(Source& opened);
  bool tell_refusals();
  Milliseconds time_to_next() const;

  const Parts& parts_;
  const bool asks_holders_;  // false after wrong bytes: the origins alone are asked then
  OnRefused on_refused_;
  Signal changed_;
  std::vector<SharedSource> sources_;
  std::optional<ByteCount> size_;
  std::uint64_t from_ = 0;
  Time asked_at_{};
  SharedSource last_failed_;
  enum class Phase { choosing, chosen, closed } phase_ = Phase::chosen;
};

}  // namespace shoal::tracker::seeder
