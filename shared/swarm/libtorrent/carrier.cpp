// The Swarm over libtorrent: a thread that runs a Session, and the crossing between it and the loop.
#include <thread>

#include "shared/core/check.hpp"
#include "shared/http/listening.hpp"
#include "shared/swarm/libtorrent/session.hpp"
#include "shared/swarm/swarm.hpp"

namespace shoal::swarm {
namespace {

class LibtorrentSwarm final : public Swarm {
 public:
  LibtorrentSwarm(Loop& loop, const Clock& clock, const Options& options, Metrics& metrics)
      : loop_(loop),
        work_(asio::make_work_guard(io_)),
        session_(io_, clock, options, metrics),
        thread_([this] { io_.run(); }) {}

  ~LibtorrentSwarm() override {
    for (auto& [name, listener] : listeners_) listener->events = nullptr;
    asio::post(io_, [this] { session_.stop(); });
    work_.reset();
    thread_.join();
  }

  std::uint16_t port() const { return session_.port(); }

  void join(Membership membership) override {
    SHOAL_CHECK(membership.file != nullptr && membership.events != nullptr);
    auto listener = std::make_shared<Listener>(Listener{std::move(membership.events)});
    const bool is_new = listeners_.emplace(membership.name, listener).second;
    SHOAL_CHECK(is_new);
    auto report = [this, listener](Event event) {
      asio::post(loop_, [listener, event = std::move(event)] {
        const auto events = listener->events;  // it may leave, and so end this function, from within
        if (events) events(event);
      });
    };
    asio::post(io_, [this, report, m = std::move(membership)]() mutable { session_.join(std::move(m), report); });
  }

  void connect(const SwarmName& name, std::vector<PeerAddress> peers) override {
    asio::post(io_, [this, name, peers = std::move(peers)] { session_.connect(name, peers); });
  }

  void publish(const SwarmName& name, Publication publication) override {
    asio::post(io_, [this, name, p = std::move(publication)] { session_.publish(name, p); });
  }

  void leave(const SwarmName& name) override {
    const auto found = listeners_.find(name);
    if (found == listeners_.end()) return;
    found->second->events = nullptr;
    listeners_.erase(found);
    asio::post(io_, [this, name] { session_.leave(name); });
  }

  void ban(const Identity& peer) override {
    asio::post(io_, [this, peer] { session_.ban(peer); });
  }

 private:
  struct Listener {
    std::function<void(Event)> events;  // on the loop only; empty once left
  };
  Loop& loop_;
  std::map<SwarmName, std::shared_ptr<Listener>> listeners_;  // Shared: with events on their way to the loop.
  Loop io_;
  asio::executor_work_guard<Loop::executor_type> work_;
  Session session_;
  std::thread thread_;
};

}  // namespace

Carrier make_swarm(Loop& loop, const Clock& clock, Options options, Metrics& metrics) {
  options.listen = http::available_addresses(options.listen, "swarm");  // libtorrent does not say why it cannot
  auto swarm = std::make_unique<LibtorrentSwarm>(loop, clock, options, metrics);
  const std::uint16_t port = swarm->port();
  if (port == 0)
    throw StartError("swarm: cannot listen on " + options.listen.list()[0] + ": is another process using that port?");
  return Carrier{std::move(swarm), port};
}

}  // namespace shoal::swarm
