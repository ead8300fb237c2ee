#include "tracker/directory/reachability.hpp"

namespace shoal::tracker::directory {

bool Reachability::report(NodeId subject, Service service, const std::string& reporter_host, Time now) {
  return reports_[{subject, service}].hosts.note_failure(reporter_host, now);
}

bool Reachability::note_probe(NodeId subject, Service service, const Result<void>& answered, Time now) {
  const Key key{subject, service};
  if (answered) {
    answered_.insert(key);
    return probes_.erase(key) > 0;
  }
  answered_.erase(key);
  const FailureLimits limits;
  const auto [place, is_new] = probes_.try_emplace(key);
  Probe& probe = place->second;
  probe.cause = answered.error().what;
  probe.pause = is_new ? limits.first : std::min(probe.pause * 2, limits.longest);
  probe.again_at = now + probe.pause;
  return is_new;
}

void Reachability::remove(NodeId subject) {
  for (const Service service : {Service::pieces, Service::small_layers}) {
    reports_.erase({subject, service});
    probes_.erase({subject, service});
    answered_.erase(Key{subject, service});
  }
}

bool Reachability::may_send(NodeId from, NodeId to, Service service, Time now) const {
  return directory_.can_reach(from, to) && may_name(to, service, directory_.find(from)->source, now);
}

std::optional<NodeId> Reachability::find(const control::Endpoint& endpoint, Service service) const {
  for (const auto& [id, agent] : directory_.agents()) {
    const control::Endpoint& named = service == Service::pieces ? agent.swarm : agent.small_layers;
    if (named == endpoint) return id;
  }
  return std::nullopt;
}

bool Reachability::may_name(NodeId subject, Service service, const std::string& asking_host, Time now) const {
  if (!is_reachable(subject, service, now)) return false;
  const auto reports = reports_.find({subject, service});
  return reports == reports_.end() || !reports->second.hosts.rests(asking_host, now);
}

bool Reachability::is_reachable(NodeId subject, Service service, Time now) const {
  return cause(subject, service, now).empty();
}

std::string Reachability::cause(NodeId subject, Service service, Time now) const {
  const auto probe = probes_.find({subject, service});
  if (probe != probes_.end() && probes_count()) return probe->second.cause;
  const auto reports = reports_.find({subject, service});
  if (reports == reports_.end() || reports->second.hosts.count_resting(now) < hosts_for_all) return {};
  return "agents on several hosts could not reach it";
}

std::vector<std::pair<NodeId, Service>> Reachability::to_probe(Time now) const {
  std::vector<Key> due;
  for (const auto& [key, probe] : probes_) {
    if (now >= probe.again_at) due.push_back(key);
  }
  return due;
}

std::vector<NodeId> Reachability::unreachable(Service service, Time now) const {
  std::vector<NodeId> found = known_failures(service);
  std::erase_if(found, [&](NodeId node) { return is_reachable(node, service, now); });
  return found;
}

std::vector<NodeId> Reachability::not_named_to(const std::string& asking_host, Service service, Time now) const {
  std::vector<NodeId> found = known_failures(service);
  std::erase_if(found, [&](NodeId node) { return may_name(node, service, asking_host, now); });
  return found;
}

std::vector<NodeId> Reachability::known_failures(Service service) const {
  std::vector<NodeId> found;
  for (const auto& [key, probe] : probes_) {
    if (key.second == service) found.push_back(key.first);
  }
  for (const auto& [key, reports] : reports_) {
    if (key.second == service && !probes_.contains(key)) found.push_back(key.first);
  }
  return found;
}

}  // namespace shoal::tracker::directory
