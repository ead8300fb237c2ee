// Base: answers to /v2/, where clients learn how to log in before they ask for anything (docker, podman, skopeo, crane).
//
// A client that says which registry it means is answered as that registry answers it: with 401 or 403 and its
// challenges. A registry is meant by `ns`, by the header OCI-Namespace, or as the default; the built-in default counts
// once it has a table of its own, since a client of another registry, named in its later paths, must not log in there.
// All others get 200, as when the registry does not answer in time: a client that needs no login must not wait.
// Source: OCI distribution-spec, "Determining support"; docs/endpoint.md.
// Threads: the loop.
#pragma once

#include <map>
#include <memory>

#include "shared/core/clock.hpp"
#include "shared/core/signal.hpp"
#include "shared/http/server.hpp"
#include "shared/origin/origin.hpp"

namespace shoal::agent::registry {

class Base {
 public:
  static constexpr Milliseconds patience{1'000};    // for the registry; the client sends nothing else meanwhile
  static constexpr Milliseconds remembered{5'000};  // each client of a rollout asks on each node
  static constexpr std::size_t most_remembered = 256;

  Base(Loop& loop, Clock& clock, origin::Origin& origin, std::string default_upstream)
      : loop_(loop), clock_(clock), origin_(origin), default_upstream_(std::move(default_upstream)) {}
  Task<void> answer(http::Exchange& exchange);

 private:
  struct Question {  // one registry's answer to one credential
    explicit Question(Loop& loop, Time now) : asked_at(now), answered(loop) {}
    Time asked_at;
    bool is_answered = false;
    std::optional<http::Response> refusal{};
    Signal answered;
  };
  // Shared: between the table and the coroutines that ask and wait.
  using SharedQuestion = std::shared_ptr<Question>;

  std::string upstream_of(const http::Request& request) const;  // empty: none is meant
  SharedQuestion find_or_ask(const std::string& upstream, const Secret& authorization);
  static Task<void> ask(origin::Origin& origin, SharedQuestion question, std::string upstream,
                        Secret authorization);

  Loop& loop_;
  Clock& clock_;
  origin::Origin& origin_;
  std::string default_upstream_;
  std::map<std::string, SharedQuestion> questions_;  // by upstream and the digest of the credential
};

}  // namespace shoal::agent::registry
