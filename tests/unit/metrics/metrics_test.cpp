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
  double value = 1;
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

TEST_CASE("a histogram counts what took at most so long") {
  using namespace std::chrono_literals;
  Histogram times;
  Page page("agent");
  page.add("wait_seconds", "kind=\"a\"", "Waits.", times);
  for (const auto took : {5ms, 6ms, 400ms, 3600'000ms}) times.observe(took);
  CHECK(page.text() ==
        "# HELP shoal_agent_wait_seconds Waits.\n"
        "# TYPE shoal_agent_wait_seconds histogram\n"
        "shoal_agent_wait_seconds_bucket{kind=\"a\",le=\"0.005\"} 1\n"
        "shoal_agent_wait_seconds_bucket{kind=\"a\",le=\"0.025\"} 2\n"
        "shoal_agent_wait_seconds_bucket{kind=\"a\",le=\"0.1\"} 2\n"
        "shoal_agent_wait_seconds_bucket{kind=\"a\",le=\"0.5\"} 3\n"
        "shoal_agent_wait_seconds_bucket{kind=\"a\",le=\"2\"} 3\n"
        "shoal_agent_wait_seconds_bucket{kind=\"a\",le=\"10\"} 3\n"
        "shoal_agent_wait_seconds_bucket{kind=\"a\",le=\"60\"} 3\n"
        "shoal_agent_wait_seconds_bucket{kind=\"a\",le=\"300\"} 3\n"
        "shoal_agent_wait_seconds_bucket{kind=\"a\",le=\"+Inf\"} 4\n"
        "shoal_agent_wait_seconds_sum{kind=\"a\"} 3600.4110000000001\n"
        "shoal_agent_wait_seconds_count{kind=\"a\"} 4\n");
}

TEST_CASE("times are told apart by the size of what took them") {
  SizedHistogram times;
  for (const std::uint64_t size : {0u, 256u << 10}) times.observe(size, std::chrono::seconds(1));
  for (const std::uint64_t size : {(256u << 10) + 1, 16u << 20, (16u << 20) + 1}) times.observe(size, std::chrono::seconds(1));
  CHECK(times.of(0).cumulative().back() == 2);
  CHECK(times.of(1).cumulative().back() == 2);
  CHECK(times.of(2).cumulative().back() == 1);
}

TEST_CASE("the rows of a family may come and go") {
  std::vector<Page::Value> rows;
  Page page("agent");
  page.add_counters("requests_total", "Requests.", [&rows] { return rows; });
  rows = {{"code=\"200\"", 2}, {"code=\"404\"", 1}};
  CHECK(page.text().ends_with("shoal_agent_requests_total{code=\"200\"} 2\nshoal_agent_requests_total{code=\"404\"} 1\n"));
}

TEST_CASE("what every program has keeps the name that it has everywhere") {
  Page page("agent");
  page.add_gauge("process_open_fds", "", "Descriptors.", [] { return 3.0; });
  CHECK(page.text().ends_with("\nprocess_open_fds 3\n"));
}
