// OriginAnswer: what an origin answered instead of a layer, on its way to the runtime that asked. Fields in the order of
// the frame; bounded as Answered is, by both sides.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "shared/core/answered.hpp"

namespace shoal::control {

struct OriginAnswer {
  std::uint16_t status = 0;             // HTTP; 0: no answer of the origin is the cause
  std::vector<std::string> challenges;  // WWW-Authenticate, each line
  std::string code;
  std::string message;
  template <class C>
  static void fields(C& c, OriginAnswer& m) {
    c.field(m.status), c.field(m.challenges), c.field(m.code), c.field(m.message);
  }
  friend bool operator==(const OriginAnswer&, const OriginAnswer&) = default;
};

inline OriginAnswer wire_form(const MaybeAnswered& answered) {
  if (!answered) return {};
  Answered most = bounded(*answered);
  return {static_cast<std::uint16_t>(most.status), std::move(most.challenges), std::move(most.code),
          std::move(most.message)};
}

inline MaybeAnswered answered_of(const OriginAnswer& answer) {
  if (answer.status == 0) return {};
  return bounded({answer.status, answer.challenges, answer.code, answer.message});
}

}  // namespace shoal::control
