#include "agent/metrics.hpp"

#include <catch2/catch.hpp>

#include "agent/activity/activity.hpp"
#include "tests/unit/agent/pulling_node.hpp"
#include "tests/unit/metrics/documented_metrics.hpp"

using namespace shoal;

TEST_CASE("docs/metrics.md has each metric that the agent serves, and no other") {
  agent::PullingNode node({}, {"URL"});
  const agent::Metrics counted;
  metrics::Page page("agent");
  agent::add_to_page(page, counted, node.store, node.trackers);
  origin::add_to_page(page, node.origin.metrics());
  agent::access::add_to_page(page, node.access);
  const agent::activity::Activity activity(node.loop, node.clock, {});
  agent::activity::add_to_page(page, activity);
  const metrics::MetricLines served = metrics::served(page.text());
  CHECK(served.size() > 20);
  CHECK(metrics::documented(metrics::metrics_document(), "agent", {"Both programs", "Agent"}) == served);
}

TEST_CASE("each tracker has metrics of its own, whatever its URL has in it") {
  agent::PullingNode node({}, {"http://one:7080", "http://\"two\""});
  const agent::Metrics counted;
  metrics::Page page("agent");
  agent::add_to_page(page, counted, node.store, node.trackers);
  CHECK(page.text().find("shoal_agent_tracker_up{tracker=\"http://one:7080\"} 0\n") != std::string::npos);
  CHECK(page.text().find("shoal_agent_tracker_up{tracker=\"http://\\\"two\\\"\"} 0\n") != std::string::npos);
}
