// Source: where bytes of a layer came from to this node, and counts of bytes by it.
//
// Threads: any; values.
#pragma once

#include <array>
#include <cstdint>
#include <numeric>

namespace shoal::agent::pull {

enum class Source : std::uint8_t {
  store,           // held when the caller asked
  peer,            // another agent, by its swarm
  seeder,          // a tracker, by its swarm
  holder,          // an agent or a tracker, in one round trip
  origin,          // asked by this agent
  partial,         // left by an earlier pull
  passed_through,  // from the origin to one caller, without a place in the store
};

// By Source; as labels of metrics, and in names of log fields.
inline constexpr std::array<const char*, 7> source_names{"store",  "peer",    "seeder",        "holder",
                                                         "origin", "partial", "passed_through"};

struct SourceBytes {
  std::array<std::uint64_t, source_names.size()> bytes{};

  std::uint64_t& of(Source source) { return bytes.at(static_cast<std::size_t>(source)); }
  std::uint64_t of(Source source) const { return bytes.at(static_cast<std::size_t>(source)); }
  std::uint64_t sum() const { return std::accumulate(bytes.begin(), bytes.end(), std::uint64_t{0}); }
  SourceBytes& operator+=(const SourceBytes& other) {
    for (std::size_t i = 0; i < bytes.size(); ++i) bytes.at(i) += other.bytes.at(i);
    return *this;
  }
};

}  // namespace shoal::agent::pull
