#include "agent/activity/refusals.hpp"

#include <utility>

namespace shoal::agent::activity {
namespace {

// No part has a line feed in it but, perhaps, the client's own name, which is the last.
std::string key_of(const Refused& refused) {
  const Caller& caller = refused.caller;
  return refused.repository + "\n" + verdict_of(refused.status) + "\n" + text(caller.authority.by) + "\n" +
         caller.authority.credential_hash + "\n" + caller.address + "\n" + caller.client;
}

bool is_challenge(const Refused& refused) {
  return refused.status == 401 && refused.caller.authority.by == By::anonymous;
}

}  // namespace

const char* verdict_of(unsigned status) {
  if (status == 404 || status == 410) return "not_found";
  if (status == 429) return "limited";
  return status >= 500 ? "unavailable" : "refused";
}

std::vector<ToldRefusal> Refusals::note(Refused refused) {
  const std::string key = key_of(refused);
  const auto known = entries_.find(key);
  if (known != entries_.end()) {
    ++known->second.times;
    known->second.last = std::move(refused);
    return {};
  }
  if (entries_.size() >= most) {
    if (others_++ == 0) others_began_ = refused.at;
    return {};
  }
  Entry entry{.last = refused, .began = refused.at, .is_challenge = is_challenge(refused)};
  if (entry.is_challenge) entry.times = 1;
  const bool is_told = !entry.is_challenge;
  entries_.emplace(key, std::move(entry));
  if (!is_told) return {};
  return {{std::move(refused), 1}};
}

std::vector<ToldRefusal> Refusals::due(Time now) {
  std::vector<ToldRefusal> told;
  for (auto each = entries_.begin(); each != entries_.end();) {
    Entry& entry = each->second;
    const Milliseconds limit = entry.is_challenge ? challenge_window : window;
    if (now - entry.began < limit) {
      ++each;
    } else if (entry.times == 0) {
      each = entries_.erase(each);
    } else {
      told.push_back({entry.last, std::exchange(entry.times, 0)});
      entry.began = now;
      entry.is_challenge = false;
      ++each;
    }
  }
  if (others_ > 0 && now - others_began_ >= window) told.push_back({std::nullopt, std::exchange(others_, 0)});
  return told;
}

std::vector<ToldRefusal> Refusals::rest() {
  std::vector<ToldRefusal> told;
  for (auto& [key, entry] : entries_) {
    if (entry.times > 0) told.push_back({std::move(entry.last), entry.times});
  }
  if (others_ > 0) told.push_back({std::nullopt, others_});
  entries_.clear();
  others_ = 0;
  return told;
}

void Refusals::serve(const std::string& repository, const Caller& caller) {
  if (entries_.empty()) return;
  Refused challenge{.repository = repository, .image = {}, .digest = {}, .caller = caller, .status = 401, .at = {}};
  challenge.caller.authority = {};
  const auto entry = entries_.find(key_of(challenge));
  if (entry != entries_.end() && entry->second.is_challenge) entries_.erase(entry);
}

}  // namespace shoal::agent::activity
