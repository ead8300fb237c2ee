#include "agent/pull/holder_source.hpp"

#include "shared/holder/protocol.hpp"

namespace shoal::agent::pull {
namespace {

// The bytes are checked against the digest, so any node may be asked.
Task<Result<Bytes>> fetch(Clock& clock, http::ClientRequest request, Digest digest, ByteCount size) {
  const std::string node = request.url.host;
  auto response = co_await http::request(clock, std::move(request));
  if (!response) co_return tl::unexpected(response.error());
  auto body = co_await http::read_all(**response, size);
  // The size is the tracker's message alone: with another one the layer's file would never be full.
  const bool fits = body && (*response)->status() == 200 && body->size() == size.value;
  const bool whole = fits && digest_of(digest.algorithm(), *body) == digest;
  if (whole) co_return std::move(*body);
  co_return fail(ErrorKind::unavailable, "the node " + node + " did not send the layer");
}

// All bytes of the layer. The link is up.
Task<Result<Bytes>> fetch_from_any(Clock& clock, link::TrackerLink* link, control::Joined joined) {
  const SwarmKey key = link->welcome().swarm_key;
  const std::string host = link->tracker_host();
  const ByteCount size{joined.size_bytes};
  Result<Bytes> bytes = fail(ErrorKind::unavailable, "the tracker named no node that holds the layer");
  std::optional<holder::Node> tracker;
  for (const control::Endpoint& endpoint : joined.holders) {
    const holder::Node node{endpoint.host.empty() ? host : endpoint.host, endpoint.port};
    if (endpoint.host.empty()) tracker = node;
    auto request = holder::small_request(node, key, joined.digest, size);
    bytes = co_await fetch(clock, std::move(request), joined.digest, size);
    if (bytes) co_return bytes;
  }
  if (!tracker || !link->up()) co_return bytes;
  // The tracker has the layer, and perhaps only its link is slow. Without it all nodes that wait would ask the origin.
  auto patient = holder::patient_small_request(*tracker, key, joined.digest);
  bytes = co_await fetch(clock, std::move(patient), joined.digest, size);
  co_return bytes;
}

}  // namespace

Task<Result<void>> HolderSource::fill(SharedDownload download, link::TrackerLink* link,
                                      control::Joined joined) {
  if (!link->up()) co_return fail(ErrorKind::unavailable, "the tracker disconnected");
  Result<Bytes> bytes = co_await fetch_from_any(parts_.clock, link, std::move(joined));
  if (!bytes) co_return tl::unexpected(bytes.error());
  parts_.metrics.holder_bytes.add(bytes->size());
  Result<void> filled = co_await download->write_whole(std::move(*bytes), &Received::from_holder);
  co_return filled;
}

}  // namespace shoal::agent::pull
