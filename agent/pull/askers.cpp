#include "agent/pull/askers.hpp"

#include <algorithm>
#include <map>

namespace shoal::agent::pull {
namespace {

void note(std::vector<std::string>& names, const std::string& upstream) {
  if (std::ranges::find(names, upstream) == names.end()) names.push_back(upstream);
}

// Twice: another one's sources may have been faster, and have failed.
constexpr int most_turns = 2;

bool waits(const Asker& asker) {
  return !asker.is_asking && !asker.is_spent && !asker.is_refused && asker.turns < most_turns;
}

bool is_asked(const std::vector<SharedAsker>& all, const std::string& upstream) {
  return std::ranges::any_of(all, [&](const SharedAsker& asker) {
    return asker->is_asking && asker->ask.repository.upstream == upstream;
  });
}

}  // namespace

bool depends_on_caller(const Error& error) {
  return error.answered || error.kind == ErrorKind::refused || error.kind == ErrorKind::not_found;
}

Askers::Askers(Ask first, Time now) : all_{std::make_shared<Asker>(Asker{std::move(first), now})}, filler_(all_.front()) {}

// Of their own: a question of the attempt before may be under way still.
Askers::Askers(const std::vector<SharedAsker>& left) {
  for (const SharedAsker& asker : left) {
    all_.push_back(std::make_shared<Asker>(Asker{asker->ask, asker->since}));
    all_.back()->corruptions = asker->corruptions;
    all_.back()->is_proven = asker->is_proven;
  }
  filler_ = all_.front();
}

SharedAsker Askers::find(const Ask& ask) const {
  const auto found = std::ranges::find_if(all_, [&](const SharedAsker& asker) { return asker->ask.asks_as(ask); });
  return found == all_.end() ? nullptr : *found;
}

// A caller that was refused, and asks again, is asked for again: it may be let in now. So is one whose manifest names
// another size than that of the one before.
SharedAsker Askers::join(const Ask& ask, Time now) {
  const auto same = [&](const SharedAsker& asker) {
    return !asker->is_refused && asker->ask.asks_as(ask) && asker->ask.size_hint == ask.size_hint;
  };
  const auto found = std::ranges::find_if(all_, same);
  if (found != all_.end()) return *found;
  if (all_.size() >= most && !make_room(ask.repository.upstream)) return nullptr;
  all_.push_back(std::make_shared<Asker>(Asker{ask, now}));
  return all_.back();
}

bool Askers::make_room(const std::string& upstream) {
  std::erase_if(all_, [this](const SharedAsker& asker) { return asker->is_refused && !asker->is_asking && asker != filler_; });
  if (all_.size() < most) return true;
  std::map<std::string, std::size_t> counts;
  for (const SharedAsker& asker : all_) ++counts[asker->ask.repository.upstream];
  const auto crowd = std::ranges::max_element(counts, {}, [](const auto& count) { return count.second; });
  if (counts[upstream] >= crowd->second) return false;
  const auto gives_way = [&](const SharedAsker& asker) {
    return asker->ask.repository.upstream == crowd->first && !asker->is_asking && asker != filler_;
  };
  const auto last = std::find_if(all_.rbegin(), all_.rend(), gives_way);
  if (last == all_.rend()) return false;
  (*last)->is_refused = true;
  (*last)->failure = Error{ErrorKind::unavailable, "too many callers of its registry wait for the layer"};
  all_.erase(std::next(last).base());
  return true;
}

bool Askers::any_asking() const {
  return std::ranges::any_of(all_, [](const SharedAsker& asker) { return asker->is_asking; });
}

SharedAsker Askers::next() const {
  const auto found = std::ranges::find_if(all_, [](const SharedAsker& asker) { return waits(*asker); });
  return found == all_.end() ? nullptr : *found;
}

SharedAsker Askers::next_beside() const {
  const auto found = std::ranges::find_if(all_, [this](const SharedAsker& asker) {
    return waits(*asker) && asker->turns == 0 && !is_asked(all_, asker->ask.repository.upstream);
  });
  return found == all_.end() ? nullptr : *found;
}

void Askers::note_failure(Asker& asker, const Error& error) {
  const bool is_own = depends_on_caller(error);
  const bool is_answer = error.answered || error.kind == ErrorKind::not_found;
  asker.failure = error;
  asker.is_spent = true;
  asker.is_refused = is_own;
  for (const SharedAsker& other : all_) {
    const bool is_alike = is_own ? is_answer && other->ask.asks_as(asker.ask)
                                 : other->ask.repository.upstream == asker.ask.repository.upstream;
    if (!waits(*other) || !is_alike) continue;
    other->failure = error;
    other->is_spent = true;
    other->is_refused = is_own;
  }
}

std::vector<SharedAsker> Askers::left(int corruptions) const {
  std::vector<SharedAsker> left;
  const auto may_be_helped = [&](const SharedAsker& asker) { return !asker->is_refused && asker->corruptions < corruptions; };
  std::ranges::copy_if(all_, std::back_inserter(left), may_be_helped);
  std::ranges::stable_sort(left, {}, [](const SharedAsker& asker) { return asker->corruptions; });
  return left;
}

void Askers::note_corrupt() {
  for (const SharedAsker& asker : all_) {
    const bool is_its = provenance_.is_direct_of(asker->ask.repository.upstream);
    const bool is_to_blame = filler_->goes_on ? asker != filler_ : is_its || !provenance_.any_direct();
    if (is_to_blame) ++asker->corruptions;
  }
}

void Askers::note_size_of(const std::string& upstream) {
  note(size_named_by_, upstream);
}

bool Askers::names_size(const std::string& upstream) const {
  return std::ranges::find(size_named_by_, upstream) != size_named_by_.end();
}

}  // namespace shoal::agent::pull
