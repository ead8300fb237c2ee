// Trackers: the links to all configured trackers. Each layer belongs to one of them by rendezvous hashing of its digest
// over those that are up, so that the next one takes over when one is down.
//
// Threads: the loop.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "agent/link/tracker_link.hpp"

namespace shoal::agent::link {

class Trackers {
 public:
  Trackers(Loop& loop, Clock& clock, const std::vector<std::string>& urls, std::function<control::Hello()> hello,
           const Dial& dial = http::connect_websocket);
  void start(Listener& listener);  // once; the listener outlives the links
  void stop();

  bool configured() const { return !links_.empty(); }
  bool any_up() const;
  bool all_dialled() const;  // a first dial of each has ended, one way or the other
  TrackerLink* owner_of(std::string_view key);  // nullptr when none is up
  TrackerLink* owner_of(const Digest& digest) { return owner_of(text_of(digest.raw())); }
  void send_to_all(const control::AgentMessage& message);
  const std::vector<std::unique_ptr<TrackerLink>>& all() const { return links_; }
  Traffic& traffic() { return *traffic_; }

 private:
  std::shared_ptr<Traffic> traffic_ = std::make_shared<Traffic>();  // shared: with the links
  std::vector<std::unique_ptr<TrackerLink>> links_;
};

}  // namespace shoal::agent::link
