// TrackerLink: the control channel to one tracker. It connects, says hello, reconnects with jitter, and passes what
// answers no question to its listener. While a pull waits for a tracker that is silent, the link sends pings; a tracker
// that does not answer them is suspected, and all do without it until anything is heard of it.
//
// Threads: the loop.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <random>
#include <string>

#include "agent/link/health.hpp"
#include "agent/link/questions.hpp"
#include "agent/link/recent_leaves.hpp"
#include "agent/link/traffic.hpp"
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
  std::shared_ptr<const Traffic> traffic{};  // of this node's small layers, behind which messages wait
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
  bool up() const { return health_.state() == LinkHealth::up; }  // connected, and not suspected
  const Health& health() const { return health_; }
  bool welcomed() const { return welcome_.has_value(); }         // now or before
  const control::Welcome& welcome() const { return *welcome_; }  // the last one
  std::string tracker_host() const;                              // address of the other side, while not down
  std::string own_host() const;                                  // our address on this connection, while not down

  Milliseconds round_trip() const;                         // to it; 0 while down, or not known

  // Dropped when down: `on_up` announces all again, and Leaves of the last minute are sent again.
  void send(const control::AgentMessage& message);
  // A pull has no question, and waits for what the tracker may push: for some steps of the watch.
  void expect() { watch(clock_.now() + 2 * Health::step_length); }
  // `unavailable` when the link is not up, the tracker is lost or suspected, or nothing came within `limits.answer`: no
  // answer, and no Waiting; or when the tracker has waited for the origin for too long.
  Task<Result<JoinAnswer>> join(control::Join question, JoinLimits limits);
  Task<Result<control::Resolved>> resolve(control::Resolve question, Milliseconds limit);
  // `limit`: timing::check_answer. A `Checked` of any status is a value; `unavailable` as of `join`.
  Task<Result<control::Checked>> check(control::Check question, Milliseconds limit);

 private:
  Task<void> run();
  Task<Result<void>> shake_hands();
  Task<void> receive_all();
  Task<Result<Bytes>> receive_welcome();
  void fail_dial(const Error& error);
  void go_down(const std::string& cause);
  void watch(Time until);
  Task<void> pass_steps();
  void apply(Health::Next next);

  Loop& loop_;
  Clock& clock_;
  LinkOptions options_;
  std::function<control::Hello()> hello_;
  Listener* listener_ = nullptr;  // from `start` on
  std::unique_ptr<http::WebSocket> socket_;
  std::optional<control::Welcome> welcome_;
  Health health_;
  bool stopped_ = false;
  std::minstd_rand random_{std::random_device{}()};
  RecentLeaves left_;
  Questions questions_;
};

// Nobody else can read what is sent: the connection stays on this machine. The link is not down.
bool may_carry_credentials(const TrackerLink& link);

}  // namespace shoal::agent::link
