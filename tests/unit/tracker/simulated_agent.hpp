// SimulatedAgent: an agent as a tracker knows it, on a clock that the test moves. It wants layers, serves and loses
// them, vanishes and comes back, and sends nonsense; all of it random.
#pragma once

#include <catch2/catch.hpp>
#include <deque>
#include <map>
#include <set>

#include "tests/doubles/lots.hpp"
#include "tracker/coordinator.hpp"

namespace shoal::tracker {

class SimulatedLink final : public AgentLink {
 public:
  void send(const control::TrackerMessage& message) override {
    messages_to_nobody += is_gone ? 1 : 0;
    inbox.push_back(message);
  }
  void close(const std::string&) override { is_closed = true; }

  std::deque<control::TrackerMessage> inbox;
  bool is_closed = false;
  bool is_gone = false;
  int messages_to_nobody = 0;
};

class SimulatedAgent {
 public:
  SimulatedAgent(Coordinator& coordinator, Lots& lots, int number)
      : coordinator_(coordinator),
        lots_(lots),
        name_("node" + std::to_string(number)),
        address_("127.78.0." + std::to_string(number)) {}

  // One moment: hears what was said, and does something or nothing.
  void live(Time now, const std::vector<Digest>& layers);
  void leave(Time now);  // for good

  Milliseconds longest_silence{0};  // that a layer it wants was met with
  int messages_to_nobody() const;   // sent to a connection that had ended

 private:
  struct Want {
    Time heard;  // asked, or told to wait
    bool is_answered = false;
    Generation generation = 0;
    std::optional<Time> ready_at, complete_at, again_at;
    int refusals = 0;
  };

  void connect(Time now);
  void vanish(Time now);
  void say(const control::AgentMessage& message) { coordinator_.handle(id_, message); }
  void join(const Digest& digest, Want& want, Time now);
  void go_on(const Digest& digest, Want& want, Time now);
  void do_something(Time now, const std::vector<Digest>& layers);
  void talk_nonsense(const Digest& digest);

  void on(const control::Joined& joined, Time now);
  void on(const control::Refused& refused, Time now);
  void on(const control::Restart& restart, Time now);
  void on(const control::Waiting& waiting, Time now);
  void on(const control::Serve& serve, Time now);
  void on(const control::Peers& peers, Time now);
  template <class Other>
  void on(const Other&, Time) {}
  Milliseconds soon(int most) { return Milliseconds(lots_.between(0, most)); }

  Coordinator& coordinator_;
  Lots& lots_;
  std::string name_;
  std::string address_;
  std::uint64_t epoch_ = 1;
  NodeId id_{};
  std::vector<std::unique_ptr<SimulatedLink>> links_;  // the last one is the one in use
  bool is_connected_ = false;
  Time back_at_{};
  std::map<Digest, Want> wants_;
  std::set<Digest> held_;
};

}  // namespace shoal::tracker
