#include "agent/pull/memberships.hpp"

#include "shared/log/log.hpp"

namespace shoal::agent::pull {
namespace {

// Messages that concern one generation of a swarm, and mean nothing to another.
template <class Push>
constexpr bool names_generation = std::is_same_v<Push, control::Peers> || std::is_same_v<Push, control::Hashes> ||
                                  std::is_same_v<Push, control::Finished>;

}  // namespace

// ---- of a pull

Membership& Memberships::enter(SharedDownload download, link::TrackerLink& link, Generation generation) {
  const Digest digest = download->ask().digest;
  const control::Welcome& welcome = link.welcome();
  const Milliseconds spread(random_() % static_cast<unsigned>(limits_.patience.return_spread.count() + 1));
  return insert({{parts_.swarm, parts_.clock, parts_.metrics, unreached_},
                 {.digest = digest,
                  .link = &link,
                  .name = swarm_name(welcome.swarm_key, digest, download->layout(), generation),
                  .swarm_key = welcome.swarm_key,
                  .tracker_key = welcome.public_key,
                  .generation = generation},
                 download,
                 Patience(limits_.patience, spread, parts_.clock.now())});
}

Membership& Memberships::insert(Membership membership) {
  while (members_.size() >= limits_.memberships) {
    const auto idle = [this](const Digest& other) { return !members_.at(other).fetching(); };
    const auto oldest = std::find_if(by_age_.begin(), by_age_.end(), idle);
    if (oldest == by_age_.end()) break;  // all are being filled: none of them is given up for another
    leave(Digest(*oldest));
  }
  const Digest digest = membership.identity().digest;
  leave(digest);
  by_age_.push_back(digest);
  Membership& inserted = members_.emplace(digest, std::move(membership)).first->second;
  parts_.metrics.swarms.set(static_cast<std::int64_t>(members_.size()));
  return inserted;
}

void Memberships::join(Membership& membership, swarm::Membership how) {
  const Digest digest = membership.identity().digest;
  how.name = membership.identity().name;
  how.tracker_key = membership.identity().tracker_key;
  how.events = [this, digest](swarm::Event event) {
    if (Membership* member = find(digest)) apply(digest, member->on(std::move(event)));
  };
  membership.join(std::move(how));
}

Membership* Memberships::find(const Digest& digest) {
  const auto found = members_.find(digest);
  return found == members_.end() ? nullptr : &found->second;
}

Membership* Memberships::find(const Download& download) {
  Membership* member = find(download.ask().digest);
  const bool fills = member && member->fetching() && member->fetching()->download.get() == &download;
  return fills ? member : nullptr;
}

void Memberships::leave(const Digest& digest) {
  const auto found = members_.find(digest);
  if (found == members_.end()) return;
  found->second.leave();
  members_.erase(found);
  by_age_.remove(digest);
  parts_.metrics.swarms.set(static_cast<std::int64_t>(members_.size()));
}

void Memberships::apply(const Digest& digest, Next next) {
  if (next == Next::leave) leave(digest);
  if (next == Next::withdraw) withdraw(digest);
}

void Memberships::describe(const Digest& digest, store::SideFile& side) const {
  const auto found = members_.find(digest);
  if (found != members_.end()) found->second.describe(side);
}

// ---- of a layer

void Memberships::announce(const Digest& digest, std::vector<std::string> upstreams) {
  if (Membership* member = find(digest)) {
    member->mark_held();
  } else {
    parts_.trackers.send_to_all(control::Holds{{digest}, std::move(upstreams)});
  }
}

void Memberships::withdraw(const Digest& digest) {
  leave(digest);
  parts_.trackers.send_to_all(control::Lost{{digest}});
}

// A swarm that this node joined lately may have no other peer with all of the layer.
bool Memberships::may_evict(const Digest& digest) const {
  const auto found = members_.find(digest);
  if (found == members_.end()) return true;
  const Membership& member = found->second;
  return !member.fetching() && parts_.clock.now() - member.patience().last_active() >= limits_.evict_grace;
}

// ---- of trackers

void Memberships::on_up(link::TrackerLink& link) {
  const std::vector<Digest> held = parts_.store.digests();
  if (held.size() > control::largest_held_list) {  // more than the hello carries
    for (std::size_t i = 0; i < held.size(); i += control::largest_held_list) {
      const std::size_t end = std::min(held.size(), i + control::largest_held_list);
      link.send(control::Holds{std::vector<Digest>(held.begin() + i, held.begin() + end)});
    }
  }
  std::vector<std::pair<Digest, Next>> effects;  // applied afterwards: to leave a swarm changes the map
  for (auto& [digest, member] : members_) {
    if (member.identity().link == &link) effects.emplace_back(digest, member.on_up());
  }
  for (const auto& [digest, next] : effects) apply(digest, next);
}

void Memberships::on_message(link::TrackerLink& link, control::TrackerMessage message) {
  std::visit([&](const auto& push) { on(link, push); }, message);
}

// What a tracker says of one of its own swarms. Of a swarm that was left, or of another tracker's, it means nothing.
template <class Push>
void Memberships::on(link::TrackerLink& link, const Push& push) {
  Membership* member = find(push.digest);
  if (!member || member->identity().link != &link) return;
  if constexpr (names_generation<Push>) {
    if (member->identity().generation != push.generation) return;
  }
  apply(push.digest, member->on(push));
}

// An answer that no pull waits for any more, or that to the join of `Membership::on_up`.
void Memberships::on(link::TrackerLink& link, const control::Joined& joined) {
  Membership* member = find(joined.digest);
  if (!member || member->identity().link != &link) return link.send(control::Leave{joined.digest});
  apply(joined.digest, member->on(joined));
}

void Memberships::on(link::TrackerLink& link, const control::Serve& serve) {
  if (Membership* member = find(serve.digest)) {
    const auto& identity = member->identity();
    const bool is_same = identity.generation == serve.generation && identity.belongs_to(link.welcome());
    if (is_same) member->report();
    if (is_same || member->fetching()) return;
    leave(serve.digest);  // a swarm of the time before the tracker lost its keys or its memory
  }
  const auto held = parts_.store.find(serve.digest);
  if (!held) return withdraw(serve.digest);  // its files are gone
  hold(link, serve, *held);
}

void Memberships::hold(link::TrackerLink& link, const control::Serve& serve, const store::HeldLayer& held) {
  const PieceLayout& layout = held.file()->layout();
  const control::Welcome& welcome = link.welcome();
  Membership& member = insert({{parts_.swarm, parts_.clock, parts_.metrics, unreached_},
                               {.digest = serve.digest,
                                .link = &link,
                                .name = swarm_name(welcome.swarm_key, serve.digest, layout, serve.generation),
                                .swarm_key = welcome.swarm_key,
                                .tracker_key = welcome.public_key,
                                .generation = serve.generation},
                               nullptr,
                               Patience(limits_.patience, Milliseconds(0), parts_.clock.now())});
  if (const auto& list = held.side().signature) {
    member.on(control::Finished{serve.digest, serve.generation, *list});
  }
  swarm::Membership how{.name = {},
                        .role = swarm::Role::hold,
                        .file = held.file(),
                        .have = PieceSet::full(layout.count()),
                        .hashes = PieceHashes(layout),
                        .tracker_key = {},
                        .events = {}};
  how.hashes.add_list(held.side().hashes);
  join(member, std::move(how));
}

void Memberships::on(link::TrackerLink&, const control::Ban& ban) {
  log::warning("pull", "peer banned by the cluster",
               {{"node", ban.node}, {"host", ban.host}, {"next", "test that node's memory and disk"}});
  parts_.swarm.ban({ban.node, ban.host});
}

}  // namespace shoal::agent::pull
