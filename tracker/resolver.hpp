// Resolver: tags to digests, for the whole cluster: the origin is asked at most once per (upstream, repository, tag,
// accept) in 2 s, and everybody who asked shares the answer, also while the question is on its way.
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

namespace shoal::tracker {

struct ResolverMetrics {
  metrics::Counter questions;         // by agents
  metrics::Counter origin_questions;  // what was asked of origins for them
};

class Resolver {
 public:
  static constexpr Milliseconds share_answer{2'000};  // DESIGN section 3, shared decisions
  static constexpr std::size_t largest_questions = 4096;

  using Answer = std::function<void(control::Resolved)>;
  using Keep = std::function<void(const Digest&, Bytes, std::string content_type)>;

  struct Parts {
    Loop& loop;
    Clock& clock;
    LayerSource& source;
    ResolverMetrics& metrics;
    Keep keep;
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
  void forget_old();
  Task<void> ask(Key key, control::Resolve question);
  Task<control::Resolved> ask_origin(control::Resolve question);
  Task<control::Resolved> read_manifest(control::Resolve question);

  Parts parts_;
  std::map<Key, Question> questions_;
};

}  // namespace shoal::tracker
