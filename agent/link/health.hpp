// Health: whether the tracker at the other end of a link is there, since when, and why not. Pure.
//
//   down --connected--> up --silent--> suspected --anything heard--> up
//                       any --disconnected--> down
//
// Silence is counted in steps, in each of which the loop looks at the connection: an agent that was itself frozen finds
// what had come meanwhile before it judges. Steps pass only while a pull waits for the tracker, and while it is
// suspected: an idle link costs nothing.
//
// Threads: the loop.
#pragma once

#include <cstdint>
#include <string>

#include "shared/control/timing.hpp"
#include "shared/core/clock.hpp"

namespace shoal::agent::link {

enum class LinkHealth { down, suspected, up };

const char* text(LinkHealth health);

class Health {
 public:
  static constexpr Milliseconds step_length = control::timing::first_ping;

  // What the link does after a step.
  enum class Next {
    nothing,
    ping,
    suspect,  // the tracker is suspected from now on: what waits for it is answered
    trust,    // the suspicion has ended
    give_up,  // close the connection
  };

  explicit Health(Time now) : since_(now) {}

  LinkHealth state() const { return state_; }
  Time since() const { return since_; }                // of the state
  const std::string& cause() const { return cause_; }  // why it was last down or suspected; empty: it never was
  std::uint64_t failed_dials() const { return failed_dials_; }
  bool dialled() const { return dialled_; }            // a first dial has ended, one way or the other

  // `heard` is http::WebSocket::heard, each time.
  void connected(std::uint64_t heard, Time now);
  void lost(std::string cause, Time now);
  void dial_failed(std::string cause);
  // True when that ends a suspicion.
  bool hear(std::uint64_t heard, Time now);

  // A pull waits for the tracker until then. True when steps must begin to pass.
  bool watch(std::uint64_t heard, Time until);
  // Whether a further step is needed; when not, the next `watch` begins anew.
  bool is_watched(bool is_asked, Time now);
  // `is_receiving`: bytes of others come meanwhile, behind which the answer to a ping may wait.
  Next step(std::uint64_t heard, Time now, bool is_receiving = false);

 private:
  void enter(LinkHealth state, Time now);
  void begin(std::uint64_t heard);

  LinkHealth state_ = LinkHealth::down;
  Time since_;
  std::string cause_;
  std::uint64_t failed_dials_ = 0;
  bool dialled_ = false;
  std::uint64_t heard_ = 0;
  bool steps_pass_ = false;
  Time watch_until_{};
  // In steps.
  int silent_ = 0;  // since something was heard, or since the watch began
  int since_ping_ = 0;
  bool pinged_ = false;  // and nothing was heard since
};

}  // namespace shoal::agent::link
