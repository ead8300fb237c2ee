#include "shared/origin/ways.hpp"

#include <algorithm>

namespace shoal::origin {
namespace {

constexpr std::size_t most_ways = 1'024;  // repositories in use at once

}  // namespace

std::optional<Way> Ways::find(const std::string& place) {
  const auto found = ways_.find(place);
  if (found == ways_.end()) return std::nullopt;
  if (found->second.until && clock_.now() >= *found->second.until) {
    ways_.erase(found);
    return std::nullopt;
  }
  found->second.used = clock_.now();
  return found->second.way;
}

void Ways::store(const std::string& place, Way way, std::optional<Milliseconds> lifetime) {
  const Time now = clock_.now();
  const std::optional<Time> until = lifetime ? std::optional<Time>(now + *lifetime) : std::nullopt;
  if (ways_.size() >= most_ways && !ways_.contains(place))
    ways_.erase(std::ranges::min_element(ways_, {}, [](const auto& entry) { return entry.second.used; }));
  ways_.insert_or_assign(place, Kept{std::move(way), now, until});
}

}  // namespace shoal::origin
