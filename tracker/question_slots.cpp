#include "tracker/question_slots.hpp"

#include "shared/origin/registry_name.hpp"

namespace shoal::tracker {

Task<Result<QuestionSlots::Slot>> QuestionSlots::take(std::string upstream, Milliseconds limit) {
  std::string name = origin::registry_name(upstream);
  Registry& registry = (*registries_)[name];
  if (registry.in_use < most_at_once) {
    ++registry.in_use;
    co_return make_slot(std::move(name));
  }
  const auto waiting = std::make_shared<Waiting>(loop_);
  registry.waiting.push_back(waiting);  // the registry stays while it has one
  co_await waiting->turn.wait_for(clock_, limit);
  if (waiting->has_slot) co_return make_slot(std::move(name));
  std::erase(registry.waiting, waiting);
  constexpr Milliseconds soon{1'000};
  co_return tl::unexpected(Error{ErrorKind::unavailable, "too many questions wait for the registry " + upstream, soon});
}

// On a turn of the loop of its own, so that a slot may be destroyed wherever its coroutine is.
QuestionSlots::Slot QuestionSlots::make_slot(std::string registry) {
  const auto release = [&loop = loop_, registries = registries_, name = std::move(registry)](void*) {
    asio::post(loop, [registries, name] { pass_on(*registries, name); });
  };
  return {static_cast<void*>(this), release};
}

void QuestionSlots::pass_on(Registries& registries, const std::string& registry) {
  const auto found = registries.find(registry);
  if (found == registries.end()) return;
  auto& waiting = found->second.waiting;
  if (waiting.empty()) {
    if (--found->second.in_use == 0) registries.erase(found);
    return;
  }
  const auto next = std::move(waiting.front());
  waiting.pop_front();
  next->has_slot = true;
  next->turn.notify();
}

std::size_t QuestionSlots::in_use(const std::string& upstream) const {
  const auto found = registries_->find(origin::registry_name(upstream));
  return found == registries_->end() ? 0 : found->second.in_use;
}

}  // namespace shoal::tracker
