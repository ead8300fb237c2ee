// Access: who may have which layer. A caller is a registry, a repository and a credential or none; the origin says whether
// it may, and what it said counts for a while (docs/access.md).
//
//   1. An upstream of mode `node`: all who reach the port.
//   2. A live grant of the caller, for a layer that belongs to its repository; one that is here already only when this
//      registry is known to have it.
//   3. The origin's word: callers without a credential ask through the tracker, once for the cluster, others themselves.
//
// Threads: the loop.
#pragma once

#include <memory>
#include <span>
#include <variant>

#include "agent/access/granted.hpp"
#include "agent/access/grants.hpp"
#include "agent/access/metrics.hpp"
#include "agent/access/origin_word.hpp"
#include "agent/access/possession.hpp"
#include "agent/access/proofs.hpp"
#include "agent/access/shared_questions.hpp"
#include "agent/link/trackers.hpp"

namespace shoal::agent::access {

struct Options {
  std::string mode = origin::access_origin;  // of upstreams that do not say; or origin::access_node
  // How long a grant to a credential counts, at most: as long a revoked one may still be served what is here. The life of
  // tokens of registries is 5 min as a rule too.
  Milliseconds grant{300'000};
  Milliseconds anonymous_grant{3'600'000};  // what is public rarely stops being so
};

using Verdict = std::variant<Granted, origin::Answer>;  // an Answer: the origin's refusal, to be relayed

class Access {
 public:
  struct Parts {  // outlive it
    Loop& loop;
    Clock& clock;
    origin::Origin& origin;
    link::Trackers& trackers;
  };
  Access(Parts parts, Options options);

  // `is_here`: bytes of the layer are here that may have come from another registry. Errors: `unavailable` with what to
  // configure, when the origin could not be asked.
  Task<Result<Verdict>> may(Caller caller, Digest digest, origin::Kind kind, bool is_here);

  // The origin, or a tracker for it, answered 2xx with this layer to the caller, so long ago. It is the registry's word that the
  // caller may have it, and no proof that it has the bytes.
  Granted note_read(const Caller& caller, const Member& read, Milliseconds age = Milliseconds::zero());
  // What a manifest names that was read under this right.
  void learn(const Granted& read, std::span<const Member> members);
  // What the origin lists of a repository: its referrers.
  void learn(const origin::Repository& repository, std::span<const Member> members);
  std::optional<ByteCount> size_of(const origin::Repository& repository, const Digest& digest, origin::Kind kind) const {
    return members_.size_of(repository, digest, kind);
  }

  // The origin has answered 401 or 403 to the caller, wherever it was asked: its grant ends.
  void note_refusal(const Caller& caller, const origin::Answer& refusal);
  // What it answered to this credential within the last two seconds.
  std::optional<origin::Answer> refused_lately(const Caller& caller) const;

  // By whose right the caller is served, if it is.
  Authority authority_of(const Caller& caller) const;

  // Whether the caller's registry has the layer that is here: it sends bytes of it (proofs.hpp). Errors: as of
  // Proofs::prove; one holds what the origin answered instead.
  Task<Result<void>> prove(Question question, Evidence evidence);
  Possession& possession() { return possession_; }

  const Metrics& metrics() const { return metrics_; }
  std::size_t live_grants() const { return grants_.live(parts_.clock.now()); }

 private:
  bool is_open(const std::string& upstream) const;
  bool is_known(const Question& question, bool is_here, Milliseconds grace) const;
  Granted granted(const Caller& caller, const Digest& digest) const;
  Task<Result<origin::Answer>> ask_shared(Question question);
  Task<Result<origin::Answer>> ask_and_note(Question question);
  Task<Result<Told>> ask(Question question);
  Task<Result<Told>> ask_tracker(Question question);
  bool asks_better(const std::string& upstream) const;
  void note_yes(const Question& question, const Told& told);
  Result<Verdict> judge(Question question, bool is_here, Result<origin::Answer> answer);
  Result<Verdict> close(const Question& question, bool is_here, Error cause);

  Parts parts_;
  Options options_;
  Metrics metrics_;
  Grants grants_;
  Members members_;
  Possession possession_;
  Proofs proofs_;
  KeyedHash hash_;
  SharedQuestions<origin::Answer> questions_;
};

// The page must not outlive it.
void add_to_page(metrics::Page& page, const Access& access);

}  // namespace shoal::agent::access
