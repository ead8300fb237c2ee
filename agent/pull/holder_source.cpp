#include "agent/pull/holder_source.hpp"

#include "shared/log/log.hpp"

namespace shoal::agent::pull {
namespace {

void tell_failed(const HolderCandidate& candidate, const std::string& cause) {
  log::warning("pull", "small layer not sent by a node",
               {{"node", candidate.name},
                {"host", candidate.node.host},
                {"port", candidate.node.port},
                {"cause", cause},
                {"next", "open its http_listen port to this node, look at its link and load"}});
}

}  // namespace

std::vector<HolderCandidate> HolderSource::candidates(const link::TrackerLink& link,
                                                      const control::Joined& joined) const {
  std::vector<HolderCandidate> list;
  for (const control::Endpoint& endpoint : joined.holders) {
    const bool is_tracker = endpoint.host.empty();
    list.push_back({{is_tracker ? link.tracker_host() : endpoint.host, endpoint.port}, endpoint.node, is_tracker});
  }
  return list;
}

Task<Result<void>> HolderSource::fill(SharedDownload download, link::TrackerLink* link, control::Joined joined) {
  if (!link->up()) co_return fail(ErrorKind::unavailable, "the tracker disconnected");
  // The tracker names it to others no more when agents on two hosts say so. The link lives as long as the source.
  auto failed = [link, digest = joined.digest](const HolderCandidate& candidate, const std::string& cause) {
    tell_failed(candidate, cause);
    link->send(control::Unreachable{
        digest, control::Service::small_layers, {candidate.node.host, candidate.node.port, candidate.name, false}});
  };
  HolderRace::Surroundings around{parts_.loop, parts_.clock, memory_, parts_.trackers.traffic(), parts_.metrics, std::move(failed)};
  HolderRace::Layer layer{joined.digest, ByteCount{joined.size_bytes}, link->welcome().swarm_key};
  const auto race = std::make_shared<HolderRace>(std::move(around), std::move(layer), candidates(*link, joined));
  Result<Bytes> bytes = co_await HolderRace::run(race);
  if (!bytes && link->up()) bytes = co_await race->ask_tracker_again();
  if (!bytes) co_return tl::unexpected(bytes.error());
  parts_.metrics.bytes.holder.add(bytes->size());
  Result<void> filled = co_await download->write_whole(std::move(*bytes), &Received::from_holder);
  co_return filled;
}

}  // namespace shoal::agent::pull
