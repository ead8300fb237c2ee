// Checks: whether an origin has a layer for callers without a credential, for the whole cluster. Agents that ask for the
// same layer of the same repository share one question to the origin; a 2xx is remembered for an hour (KnownLayers), so that
// ten thousand nodes cost the origin one question. A refusal or a failure is told to the agents that wait, and to those that
// ask within the next tenth of a second, 2 s when it repeats: a new layer and a right that was just given are seen soon.
//
// HEAD first. What HEAD leaves open or refuses is settled with GET (origin::is_settled_by_get): of a manifest, whose bytes
// must match its digest and are kept; of a blob, of its first byte.
// Threads: the loop.
#pragma once

#include <functional>
#include <map>

#include "shared/control/messages.hpp"
#include "shared/control/timing.hpp"
#include "shared/core/pool.hpp"
#include "shared/metrics/metrics.hpp"
#include "tracker/known_layers.hpp"
#include "tracker/question_slots.hpp"
#include "tracker/seeder/layer_source.hpp"
#include "tracker/seeder/request.hpp"

namespace shoal::tracker {

struct CheckMetrics {  // answers to agents
  metrics::Counter known;    // without a question to the origin
  metrics::Counter allowed;  // the origin has it
  metrics::Counter refused;  // the origin's 4xx
  metrics::Counter failed;   // the origin could not be asked, or answered otherwise
  metrics::Counter origin_questions;    // requests to origins, for these
  metrics::Counter unknown_registries;  // for a registry that is not configured
};

class Checks {
 public:
  static constexpr Milliseconds shortest_rest{100};
  static constexpr Milliseconds longest_rest{2'000};
  static constexpr std::size_t most_questions = 4'096;   // in flight and resting: about a MiB
  static constexpr std::size_t most_waiting = 500'000;   // agents' questions: ten thousand nodes, 50 layers; 40 MiB

  using Answer = std::function<void(control::Checked)>;
  using Keep = std::function<void(const seeder::SeedRequest&, Bytes, std::string content_type)>;
  struct Parts {
    Loop& loop;
    Clock& clock;
    Pool& pool;
    seeder::LayerSource& source;
    QuestionSlots& slots;
    KnownLayers& known;
    CheckMetrics& metrics;
    Keep keep;  // is given each manifest that was read
  };
  explicit Checks(Parts parts) : parts_(std::move(parts)) {}

  KnownLayers& known() { return parts_.known; }
  // `answer` is called once: now, or within timing::check_question.
  void check(const control::Check& question, Answer answer);

 private:
  struct Waiting {
    std::uint32_t request;
    Answer answer;
  };
  struct Question {
    std::vector<Waiting> waiting;
    bool is_asked = false;                   // on its way to the origin
    std::optional<control::Checked> refused;  // the last answer, when it was no 2xx
    Time rests_until{};
    Milliseconds rest{0};
  };
  using Questions = std::map<Hash256, Question>;
  // Shared: a question, with the agents that wait for it, which may give up before the origin answers.
  struct Asked {
    explicit Asked(Loop& loop) : ended(loop) {}
    std::optional<control::Checked> answer;
    Signal ended;
  };

  std::optional<control::Checked> answer_at_once(const OriginLayer& layer, Milliseconds longest_age);
  void reply(const Answer& answer, std::uint32_t request, control::Checked checked);
  void remove_old();
  Task<void> ask_for_all(Questions::iterator question, OriginLayer layer);
  Task<void> ask(std::shared_ptr<Asked> asked, OriginLayer layer);
  Task<control::Checked> ask_origin(OriginLayer layer);
  Task<control::Checked> read_manifest(OriginLayer layer);
  Task<control::Checked> read_byte(OriginLayer layer);
  Task<control::Checked> open_blob(OriginLayer layer);
  control::Checked found(const OriginLayer& layer, KnownLayers::Facts facts);
  void tell(Question& question, const control::Checked& checked);

  Parts parts_;
  Questions questions_;
  std::size_t waiting_ = 0;
};

}  // namespace shoal::tracker
