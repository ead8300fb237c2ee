// ScriptedTracker: a tracker without a network. It welcomes each agent that dials, remembers what the agent sends, and
// sends and hangs up when it is told to.
#pragma once

#include <catch2/catch.hpp>
#include <deque>

#include "agent/link/trackers.hpp"
#include "shared/core/signal.hpp"

namespace shoal::agent {

// What a tracker answers to a join of that swarm; the rest is filled in by the test.
inline control::Joined joined_to(const Digest& digest, Generation generation) {
  return {.digest = digest,
          .size_bytes = 0,
          .piece_length_bytes = 0,
          .generation = generation,
          .content_type = {},
          .peers = {},
          .holders = {}};
}

class ScriptedTracker {
 public:
  void runs_on(Loop& loop) { loop_ = &loop; }
  link::Dial dial() {
    return [this](Clock&, std::string, std::string, std::string) { return connect(); };
  }
  void answer_joins_with(control::Joined joined) { joined_ = std::move(joined); }
  void answer_tags_with(control::Resolved resolved) { resolved_ = std::move(resolved); }
  void answer_checks_with(control::Checked checked) { checked_ = std::move(checked); }
  void tell(const control::TrackerMessage& message) { tell(*connection_, message); }
  void hang_up() { end(*connection_); }

  // What the agent has sent of one kind, oldest first.
  template <class Message>
  std::vector<Message> heard() const {
    std::vector<Message> found;
    for (const control::AgentMessage& message : heard_) {
      if (const auto* known = std::get_if<Message>(&message)) found.push_back(*known);
    }
    return found;
  }
  template <class Message>
  std::size_t count() const {
    return heard<Message>().size();
  }
  void clear() { heard_.clear(); }

  control::Welcome welcome;       // for the next agent that dials
  bool welcomes = true;           // or says nothing
  bool is_frozen = false;         // it takes what comes, answers nothing, not even a ping
  int pings = 0;
  Milliseconds round_trip{};      // to it, as agents measure it
  std::string host = "10.0.0.1";  // as agents see it

 private:
  struct Connection {
    explicit Connection(Loop& loop) : changed(loop) {}
    std::deque<Bytes> inbox;  // of the agent
    bool is_open = true;
    std::uint64_t heard = 0;  // by the agent
    Signal changed;
  };
  // Shared: between the tracker and the agent's end of the connection.
  using SharedConnection = std::shared_ptr<Connection>;

  static void end(Connection& connection) {
    connection.is_open = false;
    connection.changed.notify();
  }
  static void tell(Connection& connection, const control::TrackerMessage& message) {
    connection.inbox.push_back(control::encode(message));
    ++connection.heard;
    connection.changed.notify();
  }

  class Socket final : public http::WebSocket {
   public:
    Socket(ScriptedTracker& tracker, SharedConnection connection)
        : tracker_(tracker), connection_(std::move(connection)) {}
    ~Socket() override { end(*connection_); }
    Task<Result<Bytes>> receive() override {
      const auto connection = connection_;
      while (connection->inbox.empty() && connection->is_open) co_await connection->changed.wait();
      if (!connection->is_open) co_return fail(ErrorKind::unavailable, "the tracker hung up");
      Bytes frame = std::move(connection->inbox.front());
      connection->inbox.pop_front();
      co_return frame;
    }
    void send(Bytes frame) override {
      auto message = control::decode_agent_message(frame);
      REQUIRE(message);
      tracker_.heard_.push_back(std::move(*message));
      if (!tracker_.is_frozen) tracker_.answer(*connection_, tracker_.heard_.back());
    }
    void close(std::string) override { end(*connection_); }
    void ping() override {
      ++tracker_.pings;
      if (!tracker_.is_frozen) ++connection_->heard;
    }
    std::uint64_t heard() const override { return connection_->heard; }
    Milliseconds round_trip() const override { return tracker_.round_trip; }
    std::string peer_address() const override { return tracker_.host; }
    std::string local_address() const override { return "10.0.0.2"; }

   private:
    ScriptedTracker& tracker_;
    SharedConnection connection_;
  };

  void answer(Connection& connection, const control::AgentMessage& question) const {
    if (const auto* join = std::get_if<control::Join>(&question); join != nullptr && joined_) {
      control::Joined joined = *joined_;
      if (joined.upstream.empty()) joined.upstream = join->source.upstream;
      tell(connection, joined);
    }
    if (const auto* check = std::get_if<control::Check>(&question); check != nullptr && checked_) {
      control::Checked checked = *checked_;
      checked.request = check->request;
      tell(connection, checked);
    }
    const auto* tag = std::get_if<control::Resolve>(&question);
    if (!tag || !resolved_) return;
    control::Resolved resolved = *resolved_;
    resolved.request = tag->request;
    tell(connection, resolved);
  }

  Task<Result<std::unique_ptr<http::WebSocket>>> connect() {
    connection_ = std::make_shared<Connection>(*loop_);
    if (welcomes && !is_frozen) tell(*connection_, welcome);
    std::unique_ptr<http::WebSocket> socket = std::make_unique<Socket>(*this, connection_);
    co_return std::move(socket);
  }

  Loop* loop_ = nullptr;
  std::optional<control::Joined> joined_;
  std::optional<control::Resolved> resolved_;
  std::optional<control::Checked> checked_;
  std::vector<control::AgentMessage> heard_;
  SharedConnection connection_;  // the last one
};

}  // namespace shoal::agent
