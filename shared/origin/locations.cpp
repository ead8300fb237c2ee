#include "shared/origin/locations.hpp"

namespace shoal::origin {
namespace {

// Signed URLs hold for 5 minutes (GitHub) to an hour (ECR). One that has ended costs a question in vain.
constexpr Milliseconds lifetime{60'000};
constexpr std::size_t most_places = 1'024;  // layers that are read in parts at once; all are forgotten beyond

}  // namespace

std::optional<Locations::Location> Locations::find(const std::string& name) const {
  const auto found = places_.find(name);
  if (found == places_.end() || clock_.now() >= found->second.until) return std::nullopt;
  return found->second.location;
}

void Locations::store(const std::string& name, Location location) {
  if (places_.size() >= most_places) places_.clear();
  places_.insert_or_assign(name, Place{std::move(location), clock_.now() + lifetime});
}

}  // namespace shoal::origin
