// CurrentSource: the source that a fetch reads now, and which registry's bytes the fetch has so far.
//
// Threads: the loop.
#pragma once

#include "tracker/seeder/openings.hpp"

namespace shoal::tracker::seeder {

class CurrentSource {
 public:
  // Without bytes, before another registry is asked, whose callers wait: as an agent does (agent/pull/sources.hpp).
  static constexpr Milliseconds silence{1'000};

  CurrentSource(const Parts& parts, std::shared_ptr<Openings> openings) : parts_(parts), openings_(std::move(openings)) {}

  void use(SharedSource source) { source_ = std::move(source); }  // it has answered; null: none has
  Source* get() const { return source_.get(); }
  Source* operator->() const { return source_.get(); }
  explicit operator bool() const { return source_ != nullptr; }

  // The layer's next bytes; empty after its last one. `unavailable` also when the source is silent and another registry's
  // callers wait: then it counts as failed, and its stream ends by itself.
  Task<Result<Bytes>> next();
  std::uint64_t left_at() const { return left_at_; }  // after an error: the first byte that is missing

  // Bytes of this registry are there, or come now; empty: nobody knows whose.
  void note_origin(const std::string& upstream);
  void forget_origin() { origin_.reset(); }  // no byte is there any more
  std::vector<std::string> upstreams() const;  // as of LayerInfo

  // The callers of the registry of all bytes may have what it sends, and not what another one, or an agent, goes on with. So
  // its bytes give way: all is sent anew.
  bool may_go_on(const std::string& upstream) const { return upstreams().empty() || *origin_ == upstream; }
  bool must_give_way() const { return !upstreams().empty() && openings_->has_other_registry(*source_); }
  void give_way() { gives_way_ = true; }
  bool gives_way() const { return gives_way_; }

 private:
  struct Read;
  static Task<void> read(SharedSource source, std::shared_ptr<Read> reading);

  const Parts& parts_;
  std::shared_ptr<Openings> openings_;  // Shared: with the fetch and the coroutines that open sources
  SharedSource source_;
  std::uint64_t left_at_ = 0;
  std::optional<std::string> origin_;  // of all bytes; empty: several, or not known
  bool gives_way_ = false;
};

}  // namespace shoal::tracker::seeder
