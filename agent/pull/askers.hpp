// Askers: the callers of one layer that is under way, each with its own registry, repository, credential and verdict.
// One of them fills the download at a time: its sources send the bytes. What they cannot give, the next one's give. Pure.
//
//   waiting --its turn--> asking --its sources fail--> refused (its own answer), or spent (nobody answered)
//
// Threads: the loop.
#pragma once

#include <memory>
#include <vector>

#include "agent/pull/ask.hpp"
#include "agent/pull/provenance.hpp"
#include "shared/core/clock.hpp"
#include "shared/core/result.hpp"

namespace shoal::agent::pull {

// Callers that ask as one another are one asker.
struct Asker {
  Ask ask;
  Time since;              // when the first of them came
  bool is_asking = false;  // its sources are being asked
  bool is_proven = false;        // its registry has proven that it has the layer, or need not
  bool is_being_proven = false;  // it is asked for that, or will be once the layer is here
  bool is_spent = false;   // they were, and are not asked again in this attempt
  int turns = 0;           // of this attempt
  // Its turn came because the cluster sent no further piece for a while: it goes on from what is there.
  bool goes_on = false;
  // The registry's answer to it, or that its manifest names a wrong size: it gets no byte, whatever others get.
  bool is_refused = false;
  std::optional<Error> failure{};  // why its sources gave nothing; of a refused or spent one
  int corruptions = 0;             // attempts that its registry, or the cluster, filled with wrong bytes
};
// Shared: between the download, the coroutine that asks its sources, and the frames of its readers.
using SharedAsker = std::shared_ptr<Asker>;

class Askers {
 public:
  static constexpr std::size_t most = 64;  // of one layer: the callers of a full node (containerd pulls few at once)

  Askers(Ask first, Time now);
  explicit Askers(const std::vector<SharedAsker>& left);  // of the attempt before, in this order; at least one

  // The one that asks so, or a new one. When there are too many, one of the registry with the most gives way: no registry's
  // callers keep another's out. Null when that is this one itself.
  SharedAsker join(const Ask& ask, Time now);
  SharedAsker find(const Ask& ask) const;
  const std::vector<SharedAsker>& all() const { return all_; }

  // ---- whose sources fill the download

  const SharedAsker& filler() const { return filler_; }
  bool fills(const Asker& asker) const { return filler_.get() == &asker; }
  void let_fill(SharedAsker asker) { filler_ = std::move(asker); }
  bool any_asking() const;
  // The first that waits for its turn; none when no caller is left that may be helped.
  SharedAsker next() const;
  // The first that had no turn yet, while other registries alone are asked.
  SharedAsker next_beside() const;

  // Its sources gave nothing. What no answer of the registry caused holds for all callers of that registry.
  void note_failure(Asker& asker, const Error& error);
  // Those that a next attempt may help, with at most so many corruptions; those with the fewest first.
  std::vector<SharedAsker> left(int corruptions) const;
  // The attempt's bytes were wrong: those of the registries that sent them, else of the cluster and so of all. Who went on
  // from the cluster's pieces is not to blame for them.
  void note_corrupt();

  // ---- what is known of the bytes

  // A source of it answered: the tracker, or the registry (`upstream`) itself.
  void note_answer() { is_answered_ = true; }
  bool is_answered() const { return is_answered_; }
  // The size that the download has is this registry's: its own answer, or the tracker's to a join that names it.
  void note_size_of(const std::string& upstream);
  bool names_size(const std::string& upstream) const;
  Provenance& provenance() { return provenance_; }
  const Provenance& provenance() const { return provenance_; }
  void note_verified() { is_verified_ = true; }
  bool is_verified() const { return is_verified_; }
  void note_over() { is_over_ = true; }
  bool is_over() const { return is_over_; }  // the download has ended, well or not

 private:
  bool make_room(const std::string& upstream);

  std::vector<SharedAsker> all_;  // in the order of coming
  SharedAsker filler_;
  std::vector<std::string> size_named_by_;  // at most as many as askers
  Provenance provenance_;
  bool is_answered_ = false;
  bool is_verified_ = false;
  bool is_over_ = false;
};

// Whether a failure is the registry's answer to this caller; another caller may get another one.
bool depends_on_caller(const Error& error);

// Of sources that were slower than another asker's.
inline Error overtaken() { return {ErrorKind::unavailable, "another caller's registry sends the layer"}; }

}  // namespace shoal::agent::pull
