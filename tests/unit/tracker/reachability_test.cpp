#include "tracker/directory/reachability.hpp"

#include <catch2/catch.hpp>

using namespace shoal;
using namespace shoal::tracker::directory;

namespace {

constexpr NodeId subject = 1;
const Result<void> refused = fail(ErrorKind::unavailable, "connect to 10.0.0.1 port 7073: Connection refused");
const Result<void> answered{};

Time at(int seconds) {
  return Time() + std::chrono::seconds(seconds);
}

}  // namespace

TEST_CASE("what one host reports counts for agents on that host, for five seconds at first") {
  const Directory directory{std::mt19937(1)};
  Reachability reachability{directory};
  CHECK(reachability.report(subject, Service::small_layers, "10.0.0.2", at(0)));
  CHECK_FALSE(reachability.report(subject, Service::small_layers, "10.0.0.2", at(1)));
  CHECK_FALSE(reachability.may_name(subject, Service::small_layers, "10.0.0.2", at(4)));
  CHECK(reachability.may_name(subject, Service::small_layers, "10.0.0.3", at(4)));
  CHECK(reachability.may_name(subject, Service::pieces, "10.0.0.2", at(4)));
  CHECK(reachability.may_name(subject, Service::small_layers, "10.0.0.2", at(5)));
}

TEST_CASE("reports from two hosts count for all agents, however often one host repeats its own") {
  const Directory directory{std::mt19937(1)};
  Reachability reachability{directory};
  for (int second = 0; second < 40; ++second) reachability.report(subject, Service::pieces, "10.0.0.2", at(second));
  CHECK(reachability.is_reachable(subject, Service::pieces, at(40)));
  CHECK(reachability.report(subject, Service::pieces, "10.0.0.3", at(40)));
  reachability.report(subject, Service::pieces, "10.0.0.2", at(40));
  CHECK_FALSE(reachability.may_name(subject, Service::pieces, "10.0.0.4", at(41)));
  CHECK(reachability.unreachable(Service::pieces, at(41)) == std::vector<NodeId>{subject});
  CHECK(reachability.may_name(subject, Service::pieces, "10.0.0.4", at(45)));
}

TEST_CASE("a port that does not answer the tracker is named to nobody, with the cause, until it answers") {
  const Directory directory{std::mt19937(1)};
  Reachability reachability{directory};
  reachability.note_probe(2, Service::small_layers, answered, at(0));
  CHECK(reachability.note_probe(subject, Service::small_layers, refused, at(0)));
  CHECK_FALSE(reachability.may_name(subject, Service::small_layers, "10.0.0.4", at(100)));
  CHECK(reachability.cause(subject, Service::small_layers, at(100)) == refused.error().what);
  CHECK(reachability.cause(subject, Service::pieces, at(100)).empty());
  CHECK(reachability.note_probe(subject, Service::small_layers, answered, at(100)));
  CHECK(reachability.may_name(subject, Service::small_layers, "10.0.0.4", at(100)));
}

TEST_CASE("a failed probe is due again after five seconds, then ever later") {
  const Directory directory{std::mt19937(1)};
  Reachability reachability{directory};
  int now = 0;
  for (const int pause : {5, 10, 20, 40, 60, 60}) {
    reachability.note_probe(subject, Service::pieces, refused, at(now));
    CHECK(reachability.to_probe(at(now + pause - 1)).empty());
    now += pause;
    CHECK(reachability.to_probe(at(now)) == std::vector<std::pair<NodeId, Service>>{{subject, Service::pieces}});
  }
}

TEST_CASE("a tracker that reaches no agent, or hardly any, does not keep them from each other") {
  const Directory directory{std::mt19937(1)};
  Reachability reachability{directory};
  for (NodeId node = 1; node <= 9; ++node) reachability.note_probe(node, Service::pieces, refused, at(0));
  CHECK(reachability.is_reachable(subject, Service::pieces, at(0)));
  reachability.note_probe(20, Service::pieces, answered, at(0));
  CHECK(reachability.is_reachable(subject, Service::pieces, at(0)));
  reachability.note_probe(21, Service::pieces, answered, at(0));
  CHECK_FALSE(reachability.is_reachable(subject, Service::pieces, at(0)));
}

TEST_CASE("an agent that is gone leaves nothing behind") {
  const Directory directory{std::mt19937(1)};
  Reachability reachability{directory};
  reachability.note_probe(2, Service::pieces, answered, at(0));
  reachability.note_probe(subject, Service::pieces, refused, at(0));
  for (const char* host : {"a", "b"}) reachability.report(subject, Service::small_layers, host, at(0));
  reachability.remove(subject);
  CHECK(reachability.is_reachable(subject, Service::pieces, at(0)));
  CHECK(reachability.is_reachable(subject, Service::small_layers, at(0)));
  CHECK(reachability.to_probe(at(100)).empty());
}
