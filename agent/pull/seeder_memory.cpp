#include "agent/pull/seeder_memory.hpp"

#include "shared/log/log.hpp"

namespace shoal::agent::pull {

SeederVerdict SeederMemory::judge(const Membership& membership, Milliseconds join_took) {
  const Time now = parts_.clock.now();
  const link::TrackerLink* const link = membership.identity().link;
  const Reach& reach = membership.reach();
  if (reach.seeder_piece_at()) sent_at_[link] = std::max(sent_at_[link], *reach.seeder_piece_at());
  if (reach.seeder_reached() && failed_.note_success(link)) away_.erase(link);
  if (!reach.seeder() || reach.seeder_reached() || !link->up()) return SeederVerdict::wait;
  const bool is_known = failed_.knows(link, now);
  if (now - membership.patience().last_active() < limit(membership, is_known, join_took)) return SeederVerdict::wait;
  if (!reach.seeder_refused() && sends_elsewhere(*link)) return SeederVerdict::wait;
  note_failure(membership);
  return is_known ? SeederVerdict::known : SeederVerdict::first_failure;
}

void SeederMemory::look_back(const Membership& membership, Time entered) {
  const Time now = parts_.clock.now();
  const link::TrackerLink& link = *membership.identity().link;
  const Reach& reach = membership.reach();
  if (!reach.seeder() || reach.seeder_reached() || !link.up() || now - entered < limits_.first) return;
  if (sends_elsewhere(link)) return;
  note_failure(membership);
}

void SeederMemory::note_failure(const Membership& membership) {
  const link::TrackerLink* const link = membership.identity().link;
  parts_.metrics.reach.unreached_seeders.add();
  away_[link].seeder = *membership.reach().seeder();
  if (failed_.note_failure(link, parts_.clock.now())) tell(membership);
}

// Without a port to try, a pull tries the seeder when a rest has passed.
bool SeederMemory::is_away(const link::TrackerLink& link) {
  const Time now = parts_.clock.now();
  if (failed_.rests(&link, now)) return true;
  const auto found = away_.find(&link);
  if (found == away_.end() || !failed_.knows(&link, now) || !parts_.try_port) return false;
  Away& away = found->second;
  if (!std::exchange(away.is_tried, true)) spawn(parts_.loop, try_again(this, &link, away.seeder));
  return true;
}

Task<void> SeederMemory::try_again(SeederMemory* self, const link::TrackerLink* link, control::Endpoint seeder) {
  const auto answered = co_await self->parts_.try_port(self->parts_.clock, seeder.host, seeder.port, self->limits_.try_limit);
  if (answered) {
    self->failed_.note_success(link);
    self->away_.erase(link);
    log::info("pull", "seeder reached again",
              {{"tracker", link->url()}, {"host", seeder.host}, {"port", seeder.port}});
  } else {
    self->failed_.note_failure(link, self->parts_.clock.now());
    self->away_[link].is_tried = false;
  }
}

bool SeederMemory::sends_elsewhere(const link::TrackerLink& link) const {
  const auto sent = sent_at_.find(&link);
  return sent != sent_at_.end() && parts_.clock.now() - sent->second < limits_.alive;
}

Milliseconds SeederMemory::limit(const Membership& membership, bool is_known, Milliseconds join_took) const {
  const Reach& reach = membership.reach();
  if (!is_known && !reach.seeder_refused()) {
    return std::clamp(join_took * limits_.times_join, limits_.first, control::timing::swarm_silence);
  }
  const Milliseconds shortest = reach.peer_named_at() ? limits_.peers_again : limits_.again;
  return std::clamp(membership.identity().link->round_trip() * limits_.round_trips, shortest, limits_.first);
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
