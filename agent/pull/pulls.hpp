// Pulls: the pull path. One download per layer however many callers ask; request -> held? -> join -> pieces -> verified
// -> served. Each stage returns the next value or a failure.
//
// Threads: the loop.
#pragma once

#include <unordered_map>

#include "agent/pull/layer.hpp"
#include "agent/pull/sources.hpp"

namespace shoal::agent::pull {

struct Limits {
  // For each registry that sends bytes of a layer: they may be wrong once. A proxy's broken copy is often gone then.
  int attempts = 2;
  // A whole layer in memory stays there for so long after its last use: a runtime reads on in chunks. In all no longer
  // than the other: then it is pulled again, into the store if layers can be evicted by now.
  Milliseconds linger = Window::linger;
  Milliseconds longest_linger{30'000};
  Milliseconds no_cache_after_disk_error{5'000};  // a full disk would refuse each write; one try in 5 s sees it mended
  // At once. A download outlives its caller, so that the callers' connections (4,096) do not bound them alone.
  std::size_t downloads = 4'096;
  MembershipLimits memberships;
  SourceLimits sources;
};

class Pulls final : public link::Listener {
 public:
  Pulls(Parts parts, Limits limits);

  // Whatever gives bytes takes the right to them, which is for the same layer as the `ask`.

  // The layer, as soon as its size is known. Errors: not_found, refused (see the text), unavailable, no_space, corrupt.
  Task<Result<Layer>> open(access::Granted granted, Ask ask);
  // Of the registry that the right is for; also one that is only in memory.
  std::optional<Layer> find_held(const access::Granted& granted);
  // Held, or arriving and its size known within `limit`. Starts nothing.
  Task<std::optional<Layer>> find_begun(access::Granted granted, Milliseconds limit);
  // After `no_space`: the layer for one client, from the origin's byte `from` on, without storing it.
  Task<Result<std::unique_ptr<PassThrough>>> pass_through(access::Granted granted, Ask ask, std::uint64_t from);
  // Starts the download of a layer that is not held, unless it is under way, and waits for nothing.
  void fetch(const access::Granted& granted, Ask ask);
  // The same for readers of parts: only from nodes that hold the layer, and only what such readers want.
  void fetch_parts(const access::Granted& granted, Ask ask);
  friend bool holds(const Pulls& pulls, const Digest& digest);
  friend bool is_here(const Pulls& pulls, const Digest& digest, const std::string& upstream);
  // A layer that has passed, and whose window is at its end: the next `open` begins at its start again, when `from` is
  // near that. False when nothing changes.
  bool leave_passed(const Digest& digest, std::uint64_t from);

  // A layer is not in the store any more: the trackers send no other node here for it.
  void withdraw(const Digest& digest) { memberships_.withdraw(digest); }
  // The file of a held layer cannot be read: the layer is removed, and the next caller pulls it anew.
  void remove_unreadable(const Digest& digest, const store::PieceFile& file);

  // Verified bytes that came with another answer (a manifest asked by its tag) become a held layer.
  Task<void> store_bytes(Ask ask, Bytes bytes, std::string content_type);

  bool stores_layers() const;  // false for some seconds after a write failed
  const std::unordered_map<Digest, SharedDownload>& running() const { return running_; }

  void on_up(link::TrackerLink& link) override;
  void on_message(link::TrackerLink& link, control::TrackerMessage message) override;

 private:
  std::optional<Layer> take_held(const Digest& digest);
  std::optional<store::HeldLayer> look(const Digest& digest);  // which is no use of it
  // Of the download under way, or of a new one; the asker is null when too many ask, or too many are under way.
  struct Entered {
    SharedDownload download;
    SharedAsker asker;
    bool is_size_promised = false;
  };
  Entered enter(const access::Granted& granted, Ask ask);
  SharedDownload start(Askers askers, Download::Attempt attempt);
  Task<void> pull(SharedDownload download);
  Task<Result<store::HeldLayer>> pass(SharedDownload download);
  Task<Result<store::HeldLayer>> commit(SharedDownload download);
  Task<void> keep_in_memory(store::HeldLayer layer);
  void end(SharedDownload download, Result<store::HeldLayer> outcome, Time started);

  Parts parts_;
  Limits limits_;
  Memberships memberships_;
  Sources sources_;
  std::unordered_map<Digest, SharedDownload> running_;
  struct InMemory {
    store::HeldLayer layer;
    Time since;
    Time used_at;
  };
  std::unordered_map<Digest, InMemory> in_memory_;  // bounded by store::MemoryLimits
  std::optional<Time> disk_failed_at_;
};

bool holds(const Pulls& pulls, const Digest& digest);  // as `find_held` finds it
// Whether the layer is held, or arriving for callers of other registries alone: then it may be none of this one's.
bool is_here(const Pulls& pulls, const Digest& digest, const std::string& upstream);
std::size_t committing(const Pulls& pulls);  // layers that are whole and on their way to being held

}  // namespace shoal::agent::pull
