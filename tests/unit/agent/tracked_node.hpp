// TrackedNode: the pull path of one agent, connected to one tracker or two that do as they are told.
#pragma once

#include "tests/unit/agent/pulling_node.hpp"
#include "tests/unit/agent/scripted_tracker.hpp"

namespace shoal::agent {

struct TrackedNode {
  explicit TrackedNode(std::vector<std::string> urls = {"http://tracker"}, const pull::Limits& limits = {},
                       const PullingNode::Room& room = {50_MiB, {}, origin::access_node})
      : node(
            limits, urls,
            [this](Clock& clock, std::string url, std::string path, std::string subprotocol) {
              ScriptedTracker& dialled = url == "http://other" ? other : tracker;
              return dialled.dial()(clock, url, path, subprotocol);
            },
            room) {
    tracker.runs_on(node.loop);
    other.runs_on(node.loop);
    other.welcome.public_key.fill(std::byte{7});
    node.trackers.start(node.pulls);
    node.settle();
    REQUIRE(node.trackers.any_up());
  }
  link::TrackerLink& link(std::size_t index = 0) { return *node.trackers.all().at(index); }

  // A download of these bytes that has begun; nothing fills it.
  pull::SharedDownload download(const Bytes& content) {
    const Digest digest = digest_of(DigestAlgorithm::sha256, content);
    const pull::Ask ask{.digest = digest,
                        .kind = origin::Kind::blob,
                        .repository = {"reg", "lib/app"},
                        .size_hint = ByteCount{content.size()},
                        .authorization = {}};
    const auto download =
        std::make_shared<pull::Download>(pull::Download::Parts{node.loop, node.clock, node.pool},
                                         pull::Askers(ask, node.clock.now()),
                                         pull::Download::Attempt{});
    auto reserved = node.store.reserve(digest, {content.size()});
    REQUIRE(reserved);
    download->begin(std::move(*reserved));
    node.settle();
    return download;
  }
  store::WrittenPiece write(const pull::Download& download, const Bytes& content, PieceIndex piece) {
    const PieceLayout& layout = download.layout();
    const ByteView bytes = ByteView(content).subspan(layout.offset(piece), layout.length(piece));
    const auto written = download.arrival().file()->write(PieceHashes::of_origin(layout, piece, bytes));
    REQUIRE(written);
    return *written;
  }
  // A layer that the store holds.
  Digest held(const Bytes& content) {
    const Digest digest = digest_of(DigestAlgorithm::sha256, content);
    const auto reserved = node.store.reserve(digest, {content.size()});
    REQUIRE(reserved);
    auto committed = store::Store::write_small(*reserved, content, "");
    REQUIRE(committed);
    node.store.adopt(std::move(*committed));
    return digest;
  }

  ScriptedTracker tracker;  // outlive the node that dials them
  ScriptedTracker other;
  PullingNode node;
};

}  // namespace shoal::agent
