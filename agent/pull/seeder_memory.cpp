#include "agent/pull/seeder_memory.hpp"

#include "shared/log/log.hpp"

namespace shoal::agent::pull {

SeederVerdict SeederMemory::judge(const Membership& membership, Milliseconds join_took) {
  const Time now = parts_.clock.now();
  const link::TrackerLink* const link = membership.identity().link;
  const Reach& reach = membership.reach();
  if (reach.seeder_piece_at()) sent_at_[link] = std::max(sent_at_[link], *reach.seeder_piece_at());
  if (reach.seeder_reached()) failed_.note_success(link);
  if (!reach.seeder() || reach.seeder_reached() || !link->up()) return SeederVerdict::wait;
  const bool is_known = failed_.knows(link, now);
  if (now - membership.patience().last_active() < limit(reach, is_known, join_took)) return SeederVerdict::wait;
  const auto sent = sent_at_.find(link);
  if (!reach.seeder_refused() && sent != sent_at_.end() && now - sent->second < limits_.alive) return SeederVerdict::wait;
  parts_.metrics.reach.unreached_seeders.add();
  if (failed_.note_failure(link, now)) tell(membership);
  return is_known ? SeederVerdict::known : SeederVerdict::first_failure;
}

Milliseconds SeederMemory::limit(const Reach& reach, bool is_known, Milliseconds join_took) const {
  if (!is_known && !reach.seeder_refused()) {
    return std::clamp(join_took * limits_.times_join, limits_.first, control::timing::swarm_silence);
  }
  const Milliseconds shortest = reach.peer_named_at() ? limits_.peers_again : limits_.again;
  return std::clamp(join_took * limits_.times_join_again, shortest, limits_.first);
}

void SeederMemory::tell(const Membership& membership) const {
  const control::Endpoint& seeder = *membership.reach().seeder();
  link::TrackerLink& link = *membership.identity().link;
  log::warning("pull", "seeder not reached",
               {{"tracker", link.url()},
                {"host", seeder.host},
                {"port", seeder.port},
                {"cause", membership.reach().seeder_refused() ? "connection refused, or no answer" : "no answer"},
                {"next", "open the tracker's [seeder] listen port (7082) to this node, or set [seeder] advertise"}});
  link.send(control::Unreachable{membership.identity().digest, control::Service::pieces, seeder});
}

}  // namespace shoal::agent::pull
