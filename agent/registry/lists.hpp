// Lists: tags, referrers and the catalogue, passed through to the origin with the caller's credentials, or the
// configured ones. They are not stored: only the origin knows their present content.
//
// An origin without the referrers API (404) is asked for the tag that stands in for it, as the specification has clients
// do; with neither, the list is empty. What is no list, or no index of referrers, is an error: an empty list would hide
// signatures.
// Source: OCI distribution-spec, content discovery.
// Threads: the loop.
#pragma once

#include "agent/access/access.hpp"
#include "agent/registry/route.hpp"
#include "shared/core/task.hpp"
#include "shared/http/server.hpp"

namespace shoal::agent::registry {

class Lists {
 public:
  Lists(origin::Origin& origin, access::Access& access) : origin_(origin), access_(access) {}
  Task<void> answer(http::Exchange& exchange, ListRoute route);

 private:
  Task<http::Response> ask(http::Request request, ListRoute route);
  Task<http::Response> referrers_by_tag(http::Request request, ListRoute route);
  void learn(const ListRoute& route, const origin::Answer& answer);
  http::Response page(const http::Request& request, const ListRoute& route, const origin::Answer& answer) const;

  origin::Origin& origin_;
  access::Access& access_;
};

}  // namespace shoal::agent::registry
