// Where a small layer comes from: the nodes that the tracker names, in order, and the tracker once more.
#include "agent/pull/holder_source.hpp"

#include "shared/holder/protocol.hpp"
#include "tests/doubles/http_origin.hpp"
#include "tests/unit/agent/tracked_node.hpp"

using namespace shoal;
using namespace shoal::agent;

namespace {

const Bytes content = numbered_bytes(5'000);
const Digest digest = digest_of(DigestAlgorithm::sha256, content);

// A node that serves these bytes under the layer's name, after some refusals.
struct ServingNode {
  explicit ServingNode(Bytes bytes, int refusals = 0) {
    const std::string proof = "Shoal " + holder::proof(SwarmKey{}, digest);
    http.routes().Get("/v1/small/" + digest.text(),
                      [this, proof, refusals, bytes = std::move(bytes)](const auto& request, auto& response) {
                        if (++requests <= refusals || request.get_header_value("Authorization") != proof) {
                          response.status = 404;
                        } else {
                          response.set_content(std::string(text_of(bytes)), "application/octet-stream");
                        }
                      });
    http.start();
  }
  control::Endpoint endpoint() const { return {"127.0.0.1", static_cast<std::uint16_t>(http.port()), "node", false}; }
  // As the tracker names itself.
  control::Endpoint as_tracker() const { return {"", static_cast<std::uint16_t>(http.port()), "tracker", false}; }

  std::atomic<int> requests = 0;
  test::HttpOrigin http;
};

Task<void> fill_into(pull::HolderSource& source, pull::SharedDownload download, link::TrackerLink* link,
                     control::Joined joined, std::optional<Result<void>>& filled) {
  filled = co_await source.fill(download, link, std::move(joined));
}

struct Stage : TrackedNode {
  explicit Stage() { tracker.host = "127.0.0.1"; }
  Result<void> fill(std::vector<control::Endpoint> holders) {
    control::Joined joined = joined_to(digest, 1);
    joined.size_bytes = content.size();
    joined.holders = std::move(holders);
    pull::HolderSource source(node.parts);
    std::optional<Result<void>> filled;
    spawn(node.loop, fill_into(source, layer, &link(), std::move(joined), filled));
    node.run_until([&] { return filled.has_value(); });
    return *filled;
  }
  pull::SharedDownload layer = download(content);
};

}  // namespace

TEST_CASE("a small layer comes from the first node that sends it right") {
  const ServingNode lacking(content, 1);
  const ServingNode corrupt(numbered_bytes(5'000, 9));
  const ServingNode longer(numbered_bytes(6'000));
  const ServingNode right(content);
  const ServingNode unasked(content);
  Stage stage;
  CHECK(stage.fill({{"127.0.0.1", 1, "gone", false}, lacking.endpoint(), corrupt.endpoint(), longer.endpoint(),
                    right.endpoint(), unasked.endpoint()}));
  CHECK(stage.layer->filled());
  CHECK(stage.layer->arrival().received().from_holder == content.size());
  CHECK(stage.node.metrics.holder_bytes.value() == content.size());
  CHECK(unasked.requests == 0);
}

TEST_CASE("the tracker is asked once more after all nodes have failed") {
  const ServingNode slow(content, 1);
  Stage stage;
  CHECK(stage.fill({slow.as_tracker(), {"127.0.0.1", 1, "gone", false}}));
  CHECK(slow.requests == 2);
  CHECK(stage.layer->filled());
}

TEST_CASE("without a node that sends the layer right it is unavailable, and nothing of it was written") {
  const ServingNode corrupt(numbered_bytes(5'000, 9));
  Stage stage;
  const Result<void> filled = stage.fill({corrupt.endpoint()});
  REQUIRE_FALSE(filled);
  CHECK(filled.error().kind == ErrorKind::unavailable);
  CHECK(stage.layer->arrival().written().held() == 0);
  CHECK(corrupt.requests == 1);
}

TEST_CASE("a small layer that is shorter than the tracker named it is not taken, and no caller waits for the rest") {
  const ServingNode right(content);
  Stage stage;
  control::Joined joined = joined_to(digest, 1);
  joined.size_bytes = content.size() + 1;
  joined.holders = {right.endpoint()};
  const pull::SharedDownload longer = stage.download(numbered_bytes(content.size() + 1));
  pull::HolderSource source(stage.node.parts);
  std::optional<Result<void>> filled;
  spawn(stage.node.loop, fill_into(source, longer, &stage.link(), std::move(joined), filled));
  stage.node.run_until([&] { return filled.has_value(); });
  CHECK_FALSE(*filled);
  CHECK(longer->arrival().written().held() == 0);
}
