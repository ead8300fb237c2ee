#include "agent/pull/possession.hpp"

#include <algorithm>

namespace shoal::agent::pull {

void note_possession(const Parts& parts, const Ask& ask) {
  parts.access.possession().note(ask.repository.upstream, ask.digest);
}

bool has_possession(const Parts& parts, const Ask& ask) {
  return parts.access.possession().has(ask.repository.upstream, ask.digest);
}

void note_possession(const Parts& parts, const store::HeldLayer& layer) {
  for (const std::string& upstream : layer.side().upstreams) parts.access.possession().note(upstream, layer.digest());
}

std::vector<std::string> possessors(const Parts& parts, const Download& download) {
  std::vector<std::string> upstreams;
  for (const SharedAsker& asker : download.askers().all()) {
    const std::string& upstream = asker->ask.repository.upstream;
    const bool is_there = std::ranges::find(upstreams, upstream) != upstreams.end();
    if (upstreams.size() < store::SideFile::most_upstreams && !is_there && has_possession(parts, asker->ask))
      upstreams.push_back(upstream);
  }
  return upstreams;
}

namespace {

Task<void> prove(Parts parts, SharedDownload download, SharedAsker asker) {
  const Askers& askers = download->askers();
  while (!has_possession(parts, asker->ask) && !asker->is_refused && !askers.is_over() && !askers.is_answered()) {
    co_await download->changed().wait();
  }
  const bool has_failed = askers.is_over() && !askers.is_verified();
  if (has_possession(parts, asker->ask) || asker->is_refused || has_failed) co_return;
  const Ask ask = asker->ask;
  access::Caller caller{ask.repository, ask.authorization};
  const Result<void> proven = co_await parts.access.prove(std::move(caller), ask.digest, ask.kind);
  if (proven) asker->is_proven = true;
  if (!proven && !has_possession(parts, ask)) {
    asker->failure = proven.error();
    asker->is_refused = true;
  }
  download->changed().notify();
}

}  // namespace

bool needs_no_possession(const access::Granted& granted) {
  const access::By by = granted.authority().by;
  return by == access::By::node || by == access::By::cluster;
}

void let_prove(const Parts& parts, const access::Granted& granted, const SharedDownload& download,
               const SharedAsker& asker) {
  if (needs_no_possession(granted)) asker->is_proven = true;
  if (asker->is_proven || std::exchange(asker->is_being_proven, true)) return;
  if (!has_possession(parts, asker->ask)) spawn(parts.loop, prove(parts, download, asker));
}

}  // namespace shoal::agent::pull
