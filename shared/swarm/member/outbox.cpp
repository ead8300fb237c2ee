#include "shared/swarm/member/outbox.hpp"

#include <algorithm>
#include <utility>

namespace shoal::swarm {

Outbox::Place Outbox::place_for_ask() {
  if (asked_.size() < most_queued) return Place::free;
  return ++refused_ > most_refused ? Place::refused_too_often : Place::none;
}

std::optional<PieceIndex> Outbox::next(std::size_t unsent, bool is_node_full) {
  const std::size_t limit = is_node_full ? 1 : most_unsent;
  if (asked_.empty() || unsent >= limit) return std::nullopt;
  const PieceIndex piece = asked_.front();
  asked_.pop_front();
  return piece;
}

bool Outbox::drains(std::size_t unsent) {
  return unsent < std::exchange(unsent_before_, unsent);
}

bool Outbox::is_stuck(std::size_t unsent, bool has_hello, Time now) {
  if (!first_looked_at_) first_looked_at_ = took_ = now;
  if (!has_hello) return now > *first_looked_at_ + hello_limit;
  const std::uint64_t unread = std::min<std::uint64_t>(unsent, sent_);
  const std::uint64_t taken = sent_ - unread;
  if (taken > taken_ || unread < least_unread) took_ = now;
  taken_ = taken;
  return now > took_ + reading_limit;
}

}  // namespace shoal::swarm
