#include "shared/metrics/metrics.hpp"

#include <catch2/catch.hpp>

using namespace shoal::metrics;

TEST_CASE("a page is in Prometheus' text format, rows of one name together") {
  Counter from_peers;
  Counter from_origin;
  Gauge open;
  Page page("agent");
  page.add("received_bytes_total", "source=\"peers\"", "Bytes of layers.", from_peers);
  page.add("connections", "", "Open ones.", open);
  page.add("received_bytes_total", "source=\"origin\"", "Bytes of layers.", from_origin);
  from_peers.add(5);
  from_peers.add();
  open.set(3);
  open.add(-5);
  CHECK(page.text() ==
        "# HELP shoal_agent_received_bytes_total Bytes of layers.\n"
        "# TYPE shoal_agent_received_bytes_total counter\n"
        "shoal_agent_received_bytes_total{source=\"peers\"} 6\n"
        "shoal_agent_received_bytes_total{source=\"origin\"} 0\n"
        "# HELP shoal_agent_connections Open ones.\n"
        "# TYPE shoal_agent_connections gauge\n"
        "shoal_agent_connections -2\n");
}

TEST_CASE("a gauge with a function is read when the page is asked for") {
  double value = 0.5;
  Page page("agent");
  page.add_gauge("store_used_ratio", "", "Share.", [&] { return value; });
  CHECK(page.text().ends_with("shoal_agent_store_used_ratio 0.5\n"));
  value = 1;
  CHECK(page.text().ends_with("shoal_agent_store_used_ratio 1\n"));
}

TEST_CASE("a counter with a function is a counter, read when the page is asked for") {
  std::uint64_t value = 1;
  Page page("agent");
  page.add_counter("log_dropped_lines_total", "", "Lines.", [&] { return value; });
  value = 2;
  CHECK(page.text() ==
        "# HELP shoal_agent_log_dropped_lines_total Lines.\n"
        "# TYPE shoal_agent_log_dropped_lines_total counter\n"
        "shoal_agent_log_dropped_lines_total 2\n");
}

TEST_CASE("large counts are exact") {
  Counter counter;
  counter.add(9'007'199'254'740'991);
  Page page("agent");
  page.add("x_bytes_total", "", "X.", counter);
  CHECK(page.text().ends_with("shoal_agent_x_bytes_total 9007199254740991\n"));
}

TEST_CASE("an empty page is empty") {
  CHECK(Page("agent").text().empty());
}

TEST_CASE("the two programs share no name") {
  const Counter counter;
  Page agent("agent");
  Page tracker("tracker");
  for (Page* page : {&agent, &tracker}) page->add("received_bytes_total", "", "Bytes.", counter);
  CHECK(agent.text().find("\nshoal_agent_received_bytes_total 0\n") != std::string::npos);
  CHECK(tracker.text().find("\nshoal_tracker_received_bytes_total 0\n") != std::string::npos);
}
