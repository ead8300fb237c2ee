// Ways: how each place is answered for a repository, as learned from its challenges.
//
// Threads: the loop.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "shared/core/clock.hpp"
#include "shared/http/client.hpp"
#include "shared/origin/challenge.hpp"

namespace shoal::origin {

enum class Scheme : std::uint8_t { none, basic, bearer };

struct Way {
  Scheme scheme = Scheme::none;
  Challenge challenge{};    // of Bearer
  std::string repository{};   // that a token is asked for; of Bearer
  std::string token_key{};    // in Tokens; of Bearer, empty before the first token
  std::string fingerprint{};  // of the credential; empty without one
  http::Reach registry = http::Reach::everywhere;  // of the address by which the registry answered
};

// By Place::key(). At most 1,024: the one that was used least recently makes room.
class Ways {
 public:
  explicit Ways(Clock& clock) : clock_(clock) {}

  std::optional<Way> find(const std::string& place);
  // Until then, or for good: the registry's next challenge corrects it.
  void store(const std::string& place, Way way, std::optional<Milliseconds> lifetime = std::nullopt);
  void remove(const std::string& place) { ways_.erase(place); }
  std::size_t size() const { return ways_.size(); }

 private:
  struct Kept {
    Way way;
    Time used;
    std::optional<Time> until;
  };
  Clock& clock_;
  std::map<std::string, Kept> ways_;
};

}  // namespace shoal::origin
