#include "shared/http/crowd.hpp"

#include <algorithm>

#include "shared/log/log.hpp"

namespace shoal::http {
namespace {

constexpr Milliseconds look_again{100};  // while all places are taken: a connection may be still for long enough now

constexpr std::size_t most_closed_at_once = 256;  // for as many clients that wait: some milliseconds of the loop

}  // namespace

Crowd::Crowd(std::shared_ptr<ServerShared> shared, std::string server, std::vector<std::uint16_t> ports)
    : shared_(std::move(shared)), server_(std::move(server)), ports_(std::move(ports)), room_(shared_->parts.loop) {}

void Crowd::remove(Connection* connection) {
  connections_.erase(connection);
  closed_.erase(connection);
  room_.notify();
}

// A handler that goes on though its connection is closed holds no descriptor, but memory.
bool Crowd::is_full() const {
  const std::size_t most = shared_->options.connections;
  return connections_.size() >= most || closed_.size() >= most;
}

void Crowd::cut_all() {
  for (Connection* connection : connections_) connection->cut();
}

Task<std::optional<std::string>> Crowd::make_room(Waiting waiting) {
  // Of very many silent clients, the one that has waited longest for a request: no other is looked at.
  const auto& silent = shared_->waiting;
  if (silent.size() > connections_.size() / 2 && silent.front()->gives_way()) {
    close(silent.front(), Doing::silent);
    co_return std::nullopt;
  }
  if (users_.empty() && is_due()) co_await look_at_users();
  if (shared_->stopping || !is_full()) co_return std::nullopt;
  if (connections_.size() < shared_->options.connections) {  // what was closed has not ended yet
    co_await room_.wait_for(shared_->parts.clock, look_again);
    co_return std::nullopt;
  }
  Choice choice = choose(waiting);
  if (choice.chosen.size() < waiting.clients && is_due()) {
    co_await look_at_users();
    if (shared_->stopping || !is_full()) co_return std::nullopt;
    choice = choose(waiting);
  }
  // More clients wait than can be served at once: those of the one user that has most places are not.
  if (choice.chosen.size() < waiting.clients) {
    auto most = one_that_keeps_others_out(choice.seen, users_outside(waiting, choice.seen));
    if (most) co_return most;
  }
  close_chosen(choice);
  if (is_full()) co_await room_.wait_for(shared_->parts.clock, look_again);
  co_return std::nullopt;
}

Crowd::Choice Crowd::choose(const Waiting& waiting) {
  Choice choice{all(), {}, {}};
  choice.seen = occupants(choice.all);
  choice.chosen = choose_for_room(choice.seen, std::min(waiting.clients, most_closed_at_once));
  return choice;
}

void Crowd::close_chosen(const Choice& choice) {
  const auto is_stalled = [&choice](std::size_t i) { return choice.seen[i].doing == Doing::stalled; };
  const auto told = std::find_if(choice.chosen.begin(), choice.chosen.end(), is_stalled);
  if (told != choice.chosen.end()) tell(choice.seen[*told], choice.seen);
  for (const std::size_t each : choice.chosen) {
    const Doing doing = choice.seen[each].doing;
    if (doing != Doing::silent || choice.all[each]->gives_way()) close(choice.all[each], doing);
  }
}

bool Crowd::is_let_in(Connection& added, const std::string& most) {
  const std::string user(added.as_occupant(users_, users_read_).user);
  if (user == most) return refuse(added);
  const std::vector<Connection*> now = all();
  const std::vector<Occupant> seen = occupants(now);
  const auto giving = one_that_keeps_others_out(seen, {user});
  if (!giving) return refuse(added);
  const std::vector<std::size_t> idle = choose_for_room(seen, 1);
  const bool has_asked = !idle.empty() && seen[idle[0]].doing == Doing::silent && !now[idle[0]]->gives_way();
  const auto chosen = idle.empty() || has_asked ? choose_of(seen, *giving) : idle[0];
  if (!chosen) return refuse(added);
  if (seen[*chosen].doing != Doing::silent) tell(seen[*chosen], seen);
  close(now[*chosen], seen[*chosen].doing);
  return true;
}

bool Crowd::refuse(Connection& added) const {
  count(Doing::busy);
  added.cut();
  return false;
}

bool Crowd::is_due() const {
  return !is_looking_ && shared_->parts.clock.now() - users_read_ >= look_again;
}

Task<void> Crowd::look_at_users() {
  is_looking_ = true;
  const Time asked = shared_->parts.clock.now();
  auto work = [ports = ports_] { return users_connected_to(ports); };
  users_ = co_await shared_->parts.threads.run(std::move(work));
  users_read_ = asked;
  is_looking_ = false;
}

std::vector<Occupant> Crowd::occupants(const std::vector<Connection*>& all) {
  std::vector<Occupant> seen;
  seen.reserve(all.size());
  for (Connection* each : all) seen.push_back(each->as_occupant(users_, users_read_));
  return seen;
}

// Those of the clients that the kernel knows and the server does not. A user inside may have a client that the kernel
// drops, once as many wait as may.
std::set<std::string> Crowd::users_outside(const Waiting& waiting, const std::vector<Occupant>& inside) const {
  std::set<std::string_view> names;
  if (waiting.most > 0 && waiting.clients > waiting.most - waiting.most / 4) {
    for (const Occupant& each : inside) names.insert(each.user);
  }
  std::set<std::string> users(names.begin(), names.end());
  if (waiting.at_socket_file) users.insert("of the socket file");
  std::unordered_set<std::string_view> served;
  for (const Connection* each : connections_) served.insert(each->peer().key());
  std::set<std::uint32_t> uids;
  for (const auto& [key, uid] : users_) {
    if (!uids.contains(uid) && !served.contains(key)) uids.insert(uid);
  }
  for (const std::uint32_t uid : uids) users.insert(text_of_user(uid));
  return users;
}

void Crowd::count(Doing doing) const {
  if (shared_->options.on_closed_for_room) shared_->options.on_closed_for_room(doing);
}

void Crowd::close(Connection* connection, Doing doing) {
  count(doing);
  connection->cut();
  if (connection->is_open()) return;  // a serve thread leaves it first
  connections_.erase(connection);
  closed_.insert(connection);
}

void Crowd::tell(const Occupant& closed, const std::vector<Occupant>& all) const {
  const auto is_of_user = [&](const Occupant& each) { return each.user == closed.user; };
  const auto places = std::count_if(all.begin(), all.end(), is_of_user);
  const char* cause = closed.doing == Doing::stalled ? "all are taken, and its client does not take its answer"
                                                     : "all are taken, most of them by this user, and another waits";
  log::warning("http", "connection closed to make room",
               {{"server", server_},
                {"address", closed.user},
                {"connections", places},
                {"still_milliseconds", closed.still.count()},
                {"cause", cause},
                {"next", "look at what that user runs; if its clients are right, raise LimitNOFILE of the unit"}});
}

}  // namespace shoal::http
