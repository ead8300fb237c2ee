#include "tests/unit/metrics/documented_metrics.hpp"

#include <catch2/catch.hpp>

#include "shared/metrics/metrics.hpp"

using namespace shoal::metrics;

namespace {

constexpr const char* document =
    "# Metrics\n"
    "## Both programs\n"
    "| name | type | unit | labels | meaning |\n|---|---|---|---|---|\n"
    "| `shoal_<program>_used_bytes` | gauge | bytes | | used |\n"
    "## Agent\n"
    "| `shoal_agent_received_bytes_total` | counter | bytes | `source=\"a\"`, `source=\"b\"` | received |\n"
    "## Tracker\n"
    "| `shoal_tracker_joins_total` | counter | joins | | joins |\n"
    "## Questions\n"
    "| `shoal_nothing` | `shoal_agent_used_bytes` is 0 |\n";

std::string page_with(bool b_too, bool as_counter) {
  static const Counter counter;
  static const Gauge gauge;
  Page page("agent");
  if (as_counter) page.add("used_bytes", "", "Used.", counter);
  if (!as_counter) page.add("used_bytes", "", "Used.", gauge);
  page.add("received_bytes_total", "source=\"a\"", "Received.", counter);
  if (b_too) page.add("received_bytes_total", "source=\"b\"", "Received.", counter);
  return page.text();
}

}  // namespace

TEST_CASE("the tables of a program's headings say the same as the page that it serves") {
  CHECK(documented(document, "agent", {"Both programs", "Agent"}) == served(page_with(true, false)));
  CHECK(documented(document, "tracker", {"Tracker"}) == MetricLines{"counter shoal_tracker_joins_total{}"});
}

TEST_CASE("a metric that only one of the two has, or that they type differently, is a difference") {
  const MetricLines lines = documented(document, "agent", {"Both programs", "Agent"});
  CHECK(lines != served(page_with(false, false)));                                       // a label is missing
  CHECK(lines != served(page_with(true, true)));                                         // another type
  CHECK(lines != served(page_with(true, false) + "# TYPE shoal_new gauge\nshoal_new 0\n"));  // one too many
  CHECK(documented(document, "agent", {"Both programs"}) != served(page_with(true, false)));
}

TEST_CASE("a name of both programs is served by each under its own name") {
  CHECK(documented(document, "agent", {"Both programs"}) == MetricLines{"gauge shoal_agent_used_bytes{}"});
  CHECK(documented(document, "tracker", {"Both programs"}) == MetricLines{"gauge shoal_tracker_used_bytes{}"});
}
