// TrackerLink: the control channel to one tracker. It connects, says hello, reconnects with jitter, and passes what
// answers no question to its listener.
//
// Threads: the loop.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <random>
#include <string>

#include "agent/link/questions.hpp"
#include "agent/link/recent_leaves.hpp"
#include "shared/control/messages.hpp"
#include "shared/control/timing.hpp"
#include "shared/core/clock.hpp"
#include "shared/http/websocket.hpp"

namespace shoal::agent::link {

class TrackerLink;

// It receives what the tracker pushes.
class Listener {
 public:
  virtual ~Listener() = default;
  virtual void on_up(TrackerLink& link) = 0;  // welcomed: the tracker needs the layers held and being pulled
  virtual void on_message(TrackerLink& link, control::TrackerMessage message) = 0;
};

// http::connect_websocket, unless a test has connections of its own.
using Dial = std::function<Task<Result<std::unique_ptr<http::WebSocket>>>(Clock& clock, std::string url,
                                                                          std::string path, std::string subprotocol)>;

struct LinkOptions {
  std::string url;  // "http://tracker:7080"
  Dial dial = http::connect_websocket;
  Milliseconds welcome_limit = control::timing::welcome;
  // Before a reconnect; doubles up to the longest, with jitter of three quarters, until a connection has lasted that
  // long: an agent whose connection the tracker closes again and again must not reconnect at once.
  Milliseconds shortest_pause{250};  // all agents lose a tracker in the same moment
  Milliseconds longest_pause = control::timing::longest_reconnect_pause;
};

class TrackerLink {
 public:
  // `hello` is asked for at each connection.
  TrackerLink(Loop& loop, Clock& clock, LinkOptions options, std::function<control::Hello()> hello);

  void start(Listener& listener);  // once; the listener outlives the link
  void stop();   // leaves for good

  const std::string& url() const { return options_.url; }
  bool up() const { return up_; }
  bool welcomed() const { return welcome_.has_value(); }         // now or before
  const control::Welcome& welcome() const { return *welcome_; }  // the last one
  std::string tracker_host() const;                              // address of the other side, while up
  std::string own_host() const;                                  // our address on this connection, while up

  // Dropped when down: `on_up` announces all again, and Leaves of the last minute are sent again.
  void send(const control::AgentMessage& message);
  // `unavailable` when the link is down, goes down, or nothing came within `limits.answer`: no answer, and no Waiting; or
  // when the tracker has waited for the origin for too long.
  Task<Result<JoinAnswer>> join(control::Join question, JoinLimits limits);
  Task<Result<control::Resolved>> resolve(control::Resolve question, Milliseconds limit);

 private:
  Task<void> run();
  Task<Result<void>> shake_hands();
  Task<void> receive_all();
  Task<Result<Bytes>> receive_welcome();
  Error not_connected() const;
  void went_down(const std::string& cause);

  Loop& loop_;
  Clock& clock_;
  LinkOptions options_;
  std::function<control::Hello()> hello_;
  Listener* listener_ = nullptr;  // from `start` on
  std::unique_ptr<http::WebSocket> socket_;
  std::optional<control::Welcome> welcome_;
  bool up_ = false;
  bool stopped_ = false;
  std::minstd_rand random_{std::random_device{}()};
  RecentLeaves left_;
  Questions questions_;
};

}  // namespace shoal::agent::link
