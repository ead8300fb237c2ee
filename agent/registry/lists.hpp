// Lists: tags, referrers and the catalogue, passed through to the origin with the caller's credentials, or the
// configured ones. They are not stored: only the origin knows their present content.
//
// An origin without the referrers API (404) is asked for the tag that stands in for it, as the specification has clients
// do; with neither, the list is empty. What is no list, or no index of referrers, is an error: an empty list would hide
// signatures.
//
// A list of up to 1 MiB, of referrers up to 4 MiB, is read and checked before its first byte goes out. A longer one is
// passed on as it comes, and checked meanwhile: its end goes out when the whole is such a list, else the connection is cut.
// Source: OCI distribution-spec, content discovery.
// Threads: the loop.
#pragma once

#include "agent/access/access.hpp"
#include "agent/pull/registry_slots.hpp"
#include "agent/registry/route.hpp"
#include "shared/core/clock.hpp"
#include "shared/core/task.hpp"
#include "shared/http/server.hpp"
#include "shared/origin/manifest_body.hpp"

namespace shoal::agent::registry {

class Lists {
 public:
  Lists(origin::Origin& origin, access::Access& access, Clock& clock)
      : origin_(origin), access_(access), clock_(clock) {}
  Task<void> answer(http::Exchange& exchange, ListRoute route);

 private:
  // A list whose end has not come yet.
  struct Rest {
    Bytes beginning;
    std::optional<std::uint64_t> length;  // of the whole, as the origin says
    origin::ListCheck check;              // of the beginning so far
    std::unique_ptr<http::ClientResponse> body;
  };
  struct List {
    http::Response response;
    std::optional<Rest> rest{};  // the response has no body then
  };
  Task<List> ask(http::Request request, ListRoute route);
  Task<List> referrers_by_tag(http::Request request, ListRoute route);
  Task<void> pass_on(http::Exchange& exchange, ListRoute route, List list);
  List list_of(const http::Request& request, const ListRoute& route, http::Response head, origin::LongAnswer answer);
  void learn(const ListRoute& route, const origin::Answer& answer);
  http::Response head_of(const http::Request& request, const ListRoute& route, const origin::Answer& answer) const;

  origin::Origin& origin_;
  access::Access& access_;
  Clock& clock_;
  static constexpr std::size_t lists_at_once = 32;  // of one registry: with the beginning of each in memory
  pull::RegistrySlots slots_{lists_at_once};
};

}  // namespace shoal::agent::registry
