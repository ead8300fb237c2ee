// Room: which connections a full server closes for clients that wait outside. Pure.
//
// Those of the user with the most places whose clients are silent or do not take their answers. When these are too few, and
// a user waits that has less than half as many places, its clients each take a place of the one with the most, whose own
// further clients get none. So neither one user nor several together keep another out.
// Threads: any.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "shared/core/clock.hpp"

namespace shoal::http {

// What a connection does: it waits for a request, its client takes nothing of the answer, or neither.
enum class Doing { silent, stalled, busy };
std::string_view name_of(Doing doing);

struct Occupant {
  std::string_view user;  // whom its place is counted for
  Doing doing = Doing::busy;
  Milliseconds still{0};  // since its client last sent or took a byte
  bool may_close = true;  // false: it has become a WebSocket, or is being closed
};

inline constexpr Milliseconds least_silence{100};  // a client sends its request a round trip after it has connected
inline constexpr Milliseconds least_stall{500};    // a local client that reads takes something within milliseconds

// Indices of the silent and the stalled ones in `all` that are closed for so many clients outside.
std::vector<std::size_t> choose_for_room(const std::vector<Occupant>& all, std::size_t clients);

// The user that has the most places, when one of `outside`, whose clients wait, has less than half as many.
std::optional<std::string> one_that_keeps_others_out(const std::vector<Occupant>& all, const std::set<std::string>& outside);

// Of the connections of `user`, the one whose client has been still for longest, whatever it does.
std::optional<std::size_t> choose_of(const std::vector<Occupant>& all, std::string_view user);

}  // namespace shoal::http
