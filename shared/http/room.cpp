#include "shared/http/room.hpp"

#include <algorithm>
#include <map>

namespace shoal::http {
namespace {

struct Crowded {
  std::size_t places = 0;
  std::vector<std::size_t> idle;  // silent or stalled for long enough; the next one to be closed is last
};
using Users = std::map<std::string_view, Crowded>;

bool is_idle(const Occupant& each) {
  if (!each.may_close || each.doing == Doing::busy) return false;
  return each.still >= (each.doing == Doing::silent ? least_silence : least_stall);
}

Users by_user(const std::vector<Occupant>& all) {
  Users users;
  for (std::size_t i = 0; i < all.size(); ++i) {
    Crowded& user = users[all[i].user];
    ++user.places;
    if (is_idle(all[i])) user.idle.push_back(i);
  }
  return users;
}

// Nothing is lost with a silent one; of others the longest stillness comes first.
void sort_idle(Crowded& user, const std::vector<Occupant>& all) {
  std::sort(user.idle.begin(), user.idle.end(), [&all](std::size_t a, std::size_t b) {
    const bool a_is_silent = all[a].doing == Doing::silent;
    const bool b_is_silent = all[b].doing == Doing::silent;
    return a_is_silent == b_is_silent ? all[a].still < all[b].still : b_is_silent;
  });
}

}  // namespace

std::string_view name_of(Doing doing) {
  if (doing == Doing::silent) return "silent";
  return doing == Doing::stalled ? "stalled" : "busy";
}

std::vector<std::size_t> choose_for_room(const std::vector<Occupant>& all, std::size_t clients) {
  Users users = by_user(all);
  for (auto& [name, user] : users) sort_idle(user, all);
  std::vector<std::size_t> chosen;
  while (chosen.size() < clients) {
    Crowded* most = nullptr;
    for (auto& [name, user] : users) {
      if (!user.idle.empty() && (most == nullptr || user.places > most->places)) most = &user;
    }
    if (most == nullptr) break;
    chosen.push_back(most->idle.back());
    most->idle.pop_back();
    --most->places;
  }
  return chosen;
}

std::optional<std::string> one_that_keeps_others_out(const std::vector<Occupant>& all, const std::set<std::string>& outside) {
  for (const auto& [name, user] : by_user(all)) {
    if (user.places <= all.size() / 2) continue;
    std::string most(name);
    if (outside.size() > outside.count(most)) return most;
  }
  return std::nullopt;
}

std::optional<std::size_t> choose_busy(const std::vector<Occupant>& all, std::string_view user) {
  std::optional<std::size_t> chosen;
  for (std::size_t i = 0; i < all.size(); ++i) {
    const Occupant& each = all[i];
    if (each.user != user || each.doing != Doing::busy || !each.may_close) continue;
    if (!chosen || each.still > all[*chosen].still) chosen = i;
  }
  return chosen;
}

}  // namespace shoal::http
