// Locations: where a registry's redirect led for a layer, so that each of many parts is asked for where the bytes are,
// and not at the registry first: a lazy snapshotter that asks directly remembers it too.
//
// Threads: the loop.
#pragma once

#include <optional>
#include <string>
#include <unordered_map>

#include "shared/core/clock.hpp"
#include "shared/http/client.hpp"

namespace shoal::origin {

class Locations {
 public:
  explicit Locations(Clock& clock) : clock_(clock) {}

  struct Location {
    http::Url url;
    http::Reach registry;  // of the address by which the registry answered
  };
  // `name` says whose layer it is, with the authorization that it was asked with. Nothing once it is too old.
  std::optional<Location> find(const std::string& name) const;
  void store(const std::string& name, Location location);
  void remove(const std::string& name) { places_.erase(name); }

 private:
  struct Place {
    Location location;
    Time until;
  };
  Clock& clock_;
  std::unordered_map<std::string, Place> places_;
};

}  // namespace shoal::origin
