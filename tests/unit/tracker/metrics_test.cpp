#include "tracker/metrics.hpp"

#include <catch2/catch.hpp>

#include "tests/doubles/temporary_directory.hpp"
#include "tests/unit/metrics/documented_metrics.hpp"

using namespace shoal;

TEST_CASE("docs/metrics.md has each metric that the tracker serves, and no other") {
  const TemporaryDirectory directory;
  const store::Store store({.path = directory.path(), .capacity = 1_MiB});
  const tracker::Metrics counted;
  metrics::Page page("tracker");
  tracker::add_to_page(page, counted, store);
  const origin::Metrics of_origins;
  tracker::add_origins_to_page(page, of_origins);
  const metrics::MetricLines served = metrics::served(page.text());
  CHECK(served.size() > 20);
  CHECK(metrics::documented(metrics::metrics_document(), "tracker", {"Both programs", "Tracker"}) == served);
}
