// Resolver: tags to digests, for the whole cluster: the origin is asked at most once per (upstream, repository, tag,
// accept) in 2 s, and all agents that asked share the answer, also while the question is on its way.
//
// HEAD first; an origin that does not name the digest is asked with GET, and the manifest's bytes are hashed and kept.
// Threads: the loop.
#pragma once

#include <functional>
#include <map>
#include <tuple>

#include "shared/control/messages.hpp"
#include "shared/core/clock.hpp"
#include "shared/metrics/metrics.hpp"
#include "tracker/seeder/layer_source.hpp"
#include "tracker/seeder/request.hpp"

namespace shoal::tracker {

struct ResolverMetrics {
  metrics::Counter questions;         // by agents
  metrics::Counter origin_questions;  // to origins, for these
  metrics::Counter unknown_registries;  // for a registry that is not configured
};

class Resolver {
 public:
  // A rollout asks within a second or two on all nodes; a tag that moved is seen this much later at most.
  static constexpr Milliseconds share_answer{2'000};
  static constexpr std::size_t largest_questions = 4'096;  // a few MiB; each is removed with its answer

  using Answer = std::function<void(control::Resolved)>;
  using Keep = std::function<void(const seeder::SeedRequest&, Bytes, std::string content_type)>;

  struct Parts {
    Loop& loop;
    Clock& clock;
    seeder::LayerSource& source;
    ResolverMetrics& metrics;
    Keep keep;  // is given each manifest that was read
  };
  explicit Resolver(Parts parts) : parts_(std::move(parts)) {}

  // `answer` is called once: now or later.
  void resolve(const control::Resolve& question, Answer answer);

 private:
  using Key = std::tuple<std::string, std::string, std::string, std::string>;
  struct Waiting {
    std::uint32_t request;
    Answer answer;
  };
  struct Question {
    std::optional<control::Resolved> resolved;
    Time answered_at{};
    std::vector<Waiting> waiting;
  };
  void remove_old();
  Task<void> ask(Key key, control::Resolve question);
  Task<control::Resolved> ask_origin(control::Resolve question);
  Task<control::Resolved> read_manifest(control::Resolve question);

  Parts parts_;
  std::map<Key, Question> questions_;
};

}  // namespace shoal::tracker
