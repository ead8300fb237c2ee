#include "tracker/probes.hpp"

#include "shared/log/log.hpp"

namespace shoal::tracker {
namespace {

const char* name_of(Service service) {
  return service == Service::pieces ? "pieces" : "small layers";
}

const char* next_step(Service service) {
  return service == Service::pieces ? "open the [swarm] listen port (7072) to the tracker and agents, or set advertise"
                                    : "open the [swarm] http_listen port (7073) to the tracker and agents, or set "
                                      "advertise";
}

}  // namespace

void Probes::arrived(NodeId node) {
  const Time now = parts_.clock.now();
  for (const Service service : {Service::pieces, Service::small_layers}) {
    const control::Endpoint* where = endpoint(node, service);
    if (where == nullptr) continue;
    const auto known = known_.find({where->host, where->port});
    const bool is_trusted =
        known != known_.end() && known->second.answered && now - known->second.tried_at < trusted_for;
    if (is_trusted) note(node, service, Result<void>());
    if (!is_trusted) add(node, service);
  }
}

void Probes::reported(NodeId node, Service service) {
  const control::Endpoint* where = endpoint(node, service);
  if (where == nullptr) return;
  const auto known = known_.find({where->host, where->port});
  const Time due = known == known_.end() ? parts_.clock.now() : known->second.tried_at + shortest_interval;
  if (due > parts_.clock.now()) {
    later_[{node, service}] = due;
  } else {
    add(node, service);
  }
}

void Probes::tick() {
  const Time now = parts_.clock.now();
  for (const auto& [node, service] : parts_.reachability.to_probe(now)) add(node, service);
  std::erase_if(later_, [&](const auto& entry) {
    const auto& [port, due] = entry;
    if (now < due) return false;
    add(port.first, port.second);
    return true;
  });
  count();
}

// Where the agent says that it serves, when it is connected and the tracker can dial it at all.
const control::Endpoint* Probes::endpoint(NodeId node, Service service) const {
  const directory::Agent* agent = parts_.directory.find(node);
  if (agent == nullptr || !agent->is_connected() || !agent->is_dialable) return nullptr;
  const control::Endpoint& where = service == Service::pieces ? agent->swarm : agent->small_layers;
  return where.port == 0 ? nullptr : &where;
}

void Probes::add(NodeId node, Service service) {
  if (!parts_.connect || !pending_.emplace(node, service).second) return;
  waiting_.emplace_back(node, service);
  work();
}

void Probes::work() {
  while (under_way_ < most_at_once && !waiting_.empty()) {
    const auto [node, service] = waiting_.front();
    waiting_.pop_front();
    ++under_way_;
    spawn(parts_.loop, probe(this, node, service));
  }
}

Task<void> Probes::probe(Probes* self, NodeId node, Service service) {
  if (const control::Endpoint* where = self->endpoint(node, service)) {
    const control::Endpoint tried = *where;
    auto connecting = self->parts_.connect(self->parts_.clock, tried.host, tried.port, limit);
    const Result<void> answered = co_await std::move(connecting);
    self->remember(tried, answered.has_value());
    const control::Endpoint* still = self->endpoint(node, service);
    if (still != nullptr && *still == tried) self->note(node, service, answered);
  }
  --self->under_way_;
  self->pending_.erase(Port{node, service});
  self->work();
}

void Probes::remember(const control::Endpoint& endpoint, bool answered) {
  if (known_.size() >= most_known) known_.erase(known_.begin());  // it costs a probe more when that agent comes back
  known_[{endpoint.host, endpoint.port}] = {parts_.clock.now(), answered};
}

void Probes::note(NodeId node, Service service, const Result<void>& answered) {
  if (!answered) parts_.metrics.failed.add();
  const bool is_news = parts_.reachability.note_probe(node, service, answered, parts_.clock.now());
  if (!is_news) return;
  count();
  const control::Endpoint& where = *endpoint(node, service);
  if (answered) {
    log::info("tracker", "agent reached again",
              {{"node", where.node}, {"host", where.host}, {"port", where.port}, {"what", name_of(service)}});
    return;
  }
  log::warning("tracker", "agent not reached",
               {{"node", where.node},
                {"host", where.host},
                {"port", where.port},
                {"what", name_of(service)},
                {"cause", answered.error().what},
                {"next", next_step(service)}});
}

void Probes::count() {
  const auto connected = [this](Service service) {
    const auto found = parts_.reachability.unreachable(service, parts_.clock.now());
    return static_cast<std::int64_t>(std::ranges::count_if(found, [this](NodeId node) {
      const directory::Agent* agent = parts_.directory.find(node);
      return agent != nullptr && agent->is_connected();
    }));
  };
  parts_.metrics.unreachable_pieces.set(connected(Service::pieces));
  parts_.metrics.unreachable_small.set(connected(Service::small_layers));
}

}  // namespace shoal::tracker
