#include "agent/pull/provenance.hpp"

#include <algorithm>

namespace shoal::agent::pull {
namespace {

void add(std::vector<std::string>& names, const std::string& upstream) {
  if (std::ranges::find(names, upstream) == names.end()) names.push_back(upstream);
}

}  // namespace

void Provenance::note(const std::string& upstream) {
  add(all_, upstream);
}

void Provenance::note_direct(const std::string& upstream) {
  add(all_, upstream);
  add(direct_, upstream);
}

const std::string& Provenance::sole() const {
  static const std::string none;
  return all_.size() == 1 ? all_.front() : none;
}

bool Provenance::is_direct_of(const std::string& upstream) const {
  return std::ranges::find(direct_, upstream) != direct_.end();
}

bool Provenance::is_direct_of_another(const std::string& upstream) const {
  return std::ranges::any_of(direct_, [&](const std::string& of) { return of != upstream; });
}

}  // namespace shoal::agent::pull
