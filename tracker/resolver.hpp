// Resolver: tags to digests, for the whole cluster. Agents that wait for the same tag share one question to the origin,
// and nobody gets the answer to a question that began before they asked: a tag that was just pushed or moved is seen at
// once. Between two questions for a tag is at first a hundredth of a second, then up to a tenth: agents that ask meanwhile
// wait for the next one.
//
// HEAD first. What HEAD leaves open or refuses is settled with GET, and the manifest that comes is kept. What is no manifest
// is an error, and is not kept. Of a manifest that the store has, size and type are its own.
// Threads: the loop.
#pragma once

#include <functional>
#include <map>
#include <tuple>

#include "shared/control/messages.hpp"
#include "shared/control/timing.hpp"
#include "shared/core/clock.hpp"
#include "shared/core/pool.hpp"
#include "shared/core/signal.hpp"
#include "shared/metrics/metrics.hpp"
#include "shared/origin/manifest_body.hpp"
#include "tracker/known_layers.hpp"
#include "tracker/question_slots.hpp"
#include "tracker/seeder/layer_source.hpp"
#include "tracker/seeder/request.hpp"

namespace shoal::tracker {

struct ResolverMetrics {
  metrics::Counter questions;         // by agents
  metrics::Counter origin_questions;  // to origins, for these
  metrics::Counter unknown_registries;  // for a registry that is not configured
  metrics::Counter not_manifests;       // that origins sent in their place
};

class Resolver {
 public:
  // From one question for a tag to the next: twice as long each time, up to the longest. 32 nodes that start together wait
  // for 20 ms instead of 100; 10,000 nodes that ask within 3 s cost the origin 34 questions.
  static constexpr Milliseconds first_gap{10};
  static constexpr Milliseconds longest_gap{100};
  static constexpr std::size_t most_tags = 4'096;  // a few MiB; each is removed soon after its answer
  static constexpr std::size_t longest_accept = 8'192;  // bytes: twice what clients send that name every type

  using Answer = std::function<void(control::Resolved)>;
  using Keep = std::function<void(const seeder::SeedRequest&, Bytes, std::string content_type)>;
  using FindHeld = std::function<std::optional<origin::NamedManifest>(const Digest&)>;

  struct Parts {
    Loop& loop;
    Clock& clock;
    Pool& pool;
    seeder::LayerSource& source;
    QuestionSlots& slots;
    KnownLayers& known;
    ResolverMetrics& metrics;
    Keep keep;  // is given each manifest that was read
    FindHeld find_held;
  };
  explicit Resolver(Parts parts) : parts_(std::move(parts)) {}

  // `answer` is called once: now, or within timing::tag_turn and tag_question.
  void resolve(const control::Resolve& question, Answer answer);

 private:
  using Key = std::tuple<std::string, std::string, std::string, std::string>;
  struct Waiting {
    std::uint32_t request;
    Answer answer;
  };
  struct Tag {
    explicit Tag(Loop& loop) : changed(loop) {}
    std::vector<Waiting> waiting;   // for the next question
    bool is_next_planned = false;
    int questions_awaited = 0;      // that are on their way, and have their agents waiting
    std::optional<Time> asked_at;   // the last one
    Milliseconds gap{0};            // from it to the next
    Signal changed;
  };
  // Shared: a question, with the agents that wait for it, which may give up before the origin answers.
  struct Asked {
    explicit Asked(Loop& loop) : ended(loop) {}
    std::optional<control::Resolved> answer;
    Signal ended;
  };
  struct Read {
    Bytes body;
    Digest digest;
    Result<void> is_manifest;
  };

  void remove_old();
  Milliseconds time_to_turn(const Tag& tag) const;
  Task<void> ask_next(Key key, control::Resolve question);
  Task<void> ask(std::shared_ptr<Asked> asked, control::Resolve question);
  Task<control::Resolved> ask_origin(control::Resolve question);
  Task<control::Resolved> read_manifest(control::Resolve question);
  Task<Read> read(Bytes body, DigestAlgorithm algorithm);
  control::Resolved found(origin::Repository repository, origin::NamedManifest manifest);
  control::Resolved not_a_manifest(const control::Resolve& question, const Error& error);

  Parts parts_;
  std::map<Key, Tag> tags_;
};

}  // namespace shoal::tracker
