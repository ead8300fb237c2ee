#include "shared/http/room.hpp"

#include <algorithm>
#include <map>

namespace shoal::http {
namespace {

struct Crowded {
  std::size_t places = 0;
  std::vector<std::size_t> idle;  // silent or stalled for long enough
  std::size_t chosen = 0;         // so many from the front
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

// Nothing is lost with a silent one; of others the longest stillness comes first. More than `count` are not looked at.
void sort_idle(Crowded& user, const std::vector<Occupant>& all, std::size_t count) {
  const auto comes_first = [&all](std::size_t a, std::size_t b) {
    const bool a_is_silent = all[a].doing == Doing::silent;
    const bool b_is_silent = all[b].doing == Doing::silent;
    return a_is_silent == b_is_silent ? all[a].still > all[b].still : a_is_silent;
  };
  const auto end = user.idle.begin() + static_cast<std::ptrdiff_t>(std::min(count, user.idle.size()));
  std::partial_sort(user.idle.begin(), end, user.idle.end(), comes_first);
}

}  // namespace

std::string_view name_of(Doing doing) {
  if (doing == Doing::silent) return "silent";
  return doing == Doing::stalled ? "stalled" : "busy";
}

std::vector<std::size_t> choose_for_room(const std::vector<Occupant>& all, std::size_t clients) {
  Users users = by_user(all);
  for (auto& [name, user] : users) sort_idle(user, all, clients);
  std::vector<std::size_t> chosen;
  while (chosen.size() < clients) {
    Crowded* most = nullptr;
    for (auto& [name, user] : users) {
      const bool has_more = user.chosen < user.idle.size();
      if (has_more && (most == nullptr || user.places > most->places)) most = &user;
    }
    if (most == nullptr) break;
    chosen.push_back(most->idle[most->chosen++]);
    --most->places;
  }
  return chosen;
}

std::optional<std::string> one_that_keeps_others_out(const std::vector<Occupant>& all, const std::set<std::string>& outside) {
  const Users users = by_user(all);
  const auto has_fewer = [](const auto& a, const auto& b) { return a.second.places < b.second.places; };
  const auto most = std::max_element(users.begin(), users.end(), has_fewer);
  if (most == users.end()) return std::nullopt;
  const auto is_kept_out = [&](const std::string& user) {
    const auto found = users.find(user);
    const std::size_t places = found == users.end() ? 0 : found->second.places;
    return 2 * places < most->second.places;
  };
  if (std::none_of(outside.begin(), outside.end(), is_kept_out)) return std::nullopt;
  return std::string(most->first);
}

std::optional<std::size_t> choose_of(const std::vector<Occupant>& all, std::string_view user) {
  std::optional<std::size_t> chosen;
  for (std::size_t i = 0; i < all.size(); ++i) {
    const Occupant& each = all[i];
    if (each.user != user || !each.may_close) continue;
    if (!chosen || each.still > all[*chosen].still) chosen = i;
  }
  return chosen;
}

}  // namespace shoal::http
