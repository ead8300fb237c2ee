#include "shared/origin/reach.hpp"

#include <algorithm>

namespace shoal::origin {
namespace {

constexpr std::size_t most_hosts = 1'024;  // `allow` and redirects let clients name more than are configured

}  // namespace

bool Reach::is_blocked(const Unreached& host) const {
  const Time now = clock_.now();
  return now < host.until || (host.probed_at && now - *host.probed_at < probe_limit);
}

std::optional<Error> Reach::find(const std::string& host) const {
  const auto found = unreached_.find(host);
  if (found == unreached_.end() || !is_blocked(found->second)) return std::nullopt;
  return found->second.cause;
}

std::optional<Error> Reach::pass(const std::string& host) {
  auto cause = find(host);
  const auto found = unreached_.find(host);
  if (!cause && found != unreached_.end()) found->second.probed_at = clock_.now();
  return cause;
}

std::optional<Error> Reach::cause(const std::string& host) const {
  const auto found = unreached_.find(host);
  return found == unreached_.end() ? std::nullopt : std::optional(found->second.cause);
}

bool Reach::note_failure(const std::string& host, const Error& cause) {
  const auto known = unreached_.find(host);
  const Time now = clock_.now();
  if (known != unreached_.end()) {
    // Of requests that were under way together only the first one, or the probe, makes the pause longer.
    if (now < known->second.until) return false;
    const Milliseconds pause = std::min(known->second.pause * 2, longest);
    known->second = {cause, pause, now + pause};
    return true;
  }
  if (unreached_.size() >= most_hosts) {
    unreached_.erase(std::ranges::min_element(unreached_, {}, [](const auto& entry) { return entry.second.until; }));
  }
  unreached_.insert_or_assign(host, Unreached{cause, shortest, now + shortest});
  return true;
}

Milliseconds Reach::pause(const std::string& host) const {
  const auto found = unreached_.find(host);
  return found == unreached_.end() ? Milliseconds(0) : found->second.pause;
}

}  // namespace shoal::origin
