#include "tests/unit/cluster/network.hpp"

namespace shoal::cluster {

void Network::send(const std::string& from, const std::string& to, std::size_t bytes, std::function<void()> arrive) {
  Node& sender = nodes_[from];
  if (sender.is_cut_off) return;
  const auto takes = std::chrono::nanoseconds(bytes * 1'000'000'000 / sender.uplink_bytes_per_second);
  sender.uplink_free = std::max(sender.uplink_free, VirtualTime::now()) + takes;
  at(sender.uplink_free + latency, [this, to, arrive = std::move(arrive)] { arrive_at(to, arrive); });
}

void Network::arrive_at(const std::string& to, const std::function<void()>& arrive) {
  const Node& receiver = nodes_[to];
  if (receiver.is_cut_off) return;
  if (VirtualTime::now() >= receiver.frozen_until) return arrive();
  at(receiver.frozen_until, [this, to, arrive] { arrive_at(to, arrive); });
}

void Network::deliver(Time now) {
  while (timetable_.has_before(now + Time::duration(1))) timetable_.do_next();
}

// ---- control connections

Socket::Pair Socket::connect(Loop& loop, Network& network, const std::string& from, const std::string& to) {
  const auto near = std::make_shared<State>(loop, network);
  const auto far = std::make_shared<State>(loop, network);
  near->own = far->other = from;
  near->other = far->own = to;
  near->peer = far;
  far->peer = near;
  return {std::unique_ptr<http::WebSocket>(new Socket(near)), std::unique_ptr<http::WebSocket>(new Socket(far))};
}

Task<Result<Bytes>> Socket::receive() {
  const auto state = state_;
  while (state->inbox.empty() && state->is_open) co_await state->arrived.wait();
  if (state->inbox.empty()) co_return fail(ErrorKind::unavailable, "the connection is closed");
  Bytes message = std::move(state->inbox.front());
  state->inbox.pop_front();
  co_return message;
}

void Socket::send(Bytes message) {
  if (!state_->is_open) return;
  const std::size_t size = message.size();
  state_->network.send(state_->own, state_->other, size, [peer = state_->peer, message = std::move(message)] {
    const auto state = peer.lock();
    if (!state || !state->is_open) return;
    state->inbox.push_back(message);
    ++state->heard;
    state->arrived.notify();
  });
}

// There and back again.
void Socket::ping() {
  constexpr std::size_t size = 6;
  if (!state_->is_open) return;
  state_->network.send(state_->own, state_->other, size, [from = std::weak_ptr(state_), peer = state_->peer] {
    const auto far = peer.lock();
    if (!far || !far->is_open) return;
    ++far->heard;
    far->network.send(far->own, far->other, size, [from] {
      if (const auto near = from.lock()) ++near->heard;
    });
  });
}

void Socket::end(const std::shared_ptr<State>& state) {
  if (!state->is_open) return;
  state->is_open = false;
  state->arrived.notify();
}

void Socket::close(std::string) {
  if (!state_->is_open) return;
  end(state_);
  state_->network.send(state_->own, state_->other, 1, [peer = state_->peer] {
    if (const auto state = peer.lock()) end(state);
  });
}

// ---- swarms

// One end of a connection in one swarm.
class MemorySwarm::Link final : public swarm::Link, public std::enable_shared_from_this<Link> {
 public:
  Link(MemorySwarm& from, MemorySwarm& to, const SwarmName& swarm, bool to_seeder)
      : own(from), other(to), name(swarm), to_seeder_(to_seeder) {}

  void send(MutableBytes frame) override {
    Bytes body(frame.begin() + swarm::frame_room, frame.end());
    if (own.lies && swarm::is_piece(body)) body.back() ^= std::byte{1};
    const std::size_t size = body.size();
    unsent_ += size;
    own.network_.send(own.host_, other.host_, size, [self = weak_from_this(), body = std::move(body)] {
      const auto link = self.lock();
      if (!link) return;
      link->unsent_ -= body.size();
      const auto receiver = link->far.lock();
      if (link->is_open && receiver && receiver->is_open) receiver->own.receive(receiver, body);
    });
  }
  std::size_t unsent_bytes() const override { return unsent_; }
  void set_no_delay(bool) override {}
  std::string host() const override { return other.host_; }
  bool leads_to_seeder() const override { return to_seeder_; }
  void close() override {
    own.network_.at(VirtualTime::now(), [self = shared_from_this()] { MemorySwarm::close(self); });
  }

  MemorySwarm& own;
  MemorySwarm& other;
  const SwarmName name;
  std::weak_ptr<Link> far;
  swarm::PeerId id = 0;
  bool is_open = true;

 private:
  bool to_seeder_;
  std::size_t unsent_ = 0;
};

MemorySwarm::MemorySwarm(Loop& loop, Network& network, Everybody& everybody, const std::string& host,
                         const std::string& node)
    : loop_(loop), network_(network), everybody_(everybody), host_(host), node_{node, "", metrics_} {
  everybody_[host] = this;
}

MemorySwarm::~MemorySwarm() {
  everybody_.erase(host_);
}

void MemorySwarm::join(swarm::Membership membership) {
  const SwarmName name = membership.name;
  Joined& joined = joined_[name];
  joined.events = membership.events;
  const auto report = [this, name](swarm::Event event) {
    asio::post(loop_, [this, name, event = std::move(event)] {
      const auto found = joined_.find(name);
      if (found == joined_.end()) return;
      const auto events = found->second.events;  // it may leave the swarm
      events(event);
    });
  };
  joined.report = report;
  joined.member = std::make_shared<swarm::Member>(std::move(membership), node_, report);
  report(swarm::Ready{});
}

void MemorySwarm::connect(const SwarmName& name, std::vector<swarm::PeerAddress> peers) {
  for (const swarm::PeerAddress& peer : peers) {
    network_.at(VirtualTime::now() + latency * 2, [this, name, peer] {
      const auto other = everybody_.find(peer.host);
      if (other != everybody_.end()) open(name, *other->second, peer.is_seeder);
    });
  }
}

void MemorySwarm::open(const SwarmName& name, MemorySwarm& other, bool leads_to_seeder) {
  const auto here = joined_.find(name);
  const auto there = other.joined_.find(name);
  if (here == joined_.end() || there == other.joined_.end() || &other == this) return;
  if (network_.node(host_).is_cut_off || network_.node(other.host_).is_cut_off) return;
  const auto is_there = [&](const auto& link) { return &link->other == &other; };
  if (std::any_of(here->second.links.begin(), here->second.links.end(), is_there)) return;
  const auto near = add_link(name, other, leads_to_seeder);
  const auto far = other.add_link(name, *this, false);
  near->far = far;
  far->far = near;
  here->second.report(swarm::PeerReached{leads_to_seeder});
  there->second.report(swarm::PeerReached{false});
  near->id = here->second.member->link_up(*near);
  far->id = there->second.member->link_up(*far);
}

std::shared_ptr<MemorySwarm::Link> MemorySwarm::add_link(const SwarmName& name, MemorySwarm& other,
                                                         bool leads_to_seeder) {
  auto link = std::make_shared<Link>(*this, other, name, leads_to_seeder);
  joined_.at(name).links.push_back(link);
  return link;
}

void MemorySwarm::receive(const std::shared_ptr<Link>& link, const Bytes& body) {
  const auto found = joined_.find(link->name);
  if (found == joined_.end() || !link->is_open) return;
  const auto member = found->second.member;
  if (!member->receive(link->id, body, body.size(), VirtualTime::now())) close(link);
}

// Both ends hear of it.
void MemorySwarm::close(const std::shared_ptr<Link>& link) {
  for (const auto& end : {link, link->far.lock()}) {
    if (!end || !end->is_open) continue;
    end->is_open = false;
    const auto found = end->own.joined_.find(end->name);
    if (found == end->own.joined_.end() || std::erase(found->second.links, end) == 0) continue;
    const auto member = found->second.member;
    member->link_down(end->id, VirtualTime::now());
  }
}

void MemorySwarm::publish(const SwarmName& name, swarm::Publication publication) {
  const auto found = joined_.find(name);
  if (found != joined_.end()) found->second.member->publish(publication, VirtualTime::now());
}

void MemorySwarm::leave(const SwarmName& name) {
  const auto found = joined_.find(name);
  if (found == joined_.end()) return;
  const Joined left = std::move(found->second);
  joined_.erase(found);
  for (const auto& link : left.links) close(link);
}

void MemorySwarm::tick() {
  if (VirtualTime::now() < network_.node(host_).frozen_until) return;
  for (const auto& [name, joined] : std::map(joined_)) {
    joined.member->tick(VirtualTime::now());
  }
}

void MemorySwarm::cut_all() {
  for (const auto& [name, joined] : std::map(joined_)) {
    for (const auto& link : std::vector(joined.links)) close(link);
  }
}

}  // namespace shoal::cluster
