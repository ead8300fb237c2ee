// HolderRace: one small layer asked of the nodes that hold it. The first is asked; a further one as soon as one fails, or
// has been silent for longer than is usual. The first right bytes win.
//
// A node that failed, or lost by far, is remembered: it rests, and until then it is asked after all others.
// Threads: the loop.
#pragma once

#include <optional>
#include <vector>

#include "agent/pull/holder_memory.hpp"
#include "agent/pull/parts.hpp"
#include "shared/core/signal.hpp"

namespace shoal::agent::pull {

struct HolderCandidate {
  holder::Node node;
  std::string name;
  bool is_tracker = false;
};

// Shared: between the pull and the requests that are under way, which go on for a while when another one has won.
class HolderRace : public std::enable_shared_from_this<HolderRace> {
 public:
  static constexpr std::size_t most_at_once = 3;  // the node, the tracker and one more: bounds the extra work
  static constexpr std::size_t tracker_by = 2;    // places before the tracker: it has the layer for certain
  // Lost by far: longer than all healthy links take, and several times what the winner took on the same network.
  static constexpr Milliseconds lost_after{1'000};
  static constexpr int lost_times = 4;
  // The same sooner, for so many times what the winner took: its speed shows that this node's own link is not full.
  static constexpr Milliseconds lost_to_quick_after{500};
  static constexpr int lost_to_quick_times = 16;
  // So many times as long, to one that was asked later: the next layer is asked of that one first.
  static constexpr Milliseconds overtaken_after{100};

  // The bytes of the last moments: the first ones of a slow link may come at once (a token bucket).
  struct Speed {
    struct Mark {
      Time at{};
      std::uint64_t bytes = 0;
    };
    static constexpr Milliseconds apart{50};
    Mark before;
    Mark last;
    void begin(Time now) { before = last = {now, 0}; }
    void note(std::uint64_t bytes, Time now);
    // Until all of `size` are there, by the bytes since `from`; nothing while none come.
    static std::optional<Milliseconds> left(const Mark& from, std::uint64_t bytes, std::uint64_t size, Time now);
  };

  struct Layer {
    Digest digest;
    ByteCount size;
    SwarmKey key;
  };
  // What is remembered and told when a node failed. `failed` outlives the race.
  struct Surroundings {
    Loop& loop;
    Clock& clock;
    HolderMemory& memory;
    link::Traffic& traffic;
    Metrics& metrics;
    std::function<void(const HolderCandidate&, const std::string& cause)> failed;
  };
  HolderRace(Surroundings surroundings, Layer layer, std::vector<HolderCandidate> candidates);

  // All bytes of the layer, once they match its digest. `unavailable` when no node sent them.
  static Task<Result<Bytes>> run(std::shared_ptr<HolderRace> race);
  // The tracker, with more time; `unavailable` when it is not among the candidates.
  Task<Result<Bytes>> ask_tracker_again();

 private:
  enum class State { fresh, asked, busy, over };
  enum class Verdict { right, absent, busy, failed, wrong };
  struct Outcome {
    Verdict verdict;
    Bytes bytes;
    std::string cause;
  };
  struct Entry {
    HolderCandidate candidate;
    State state = State::fresh;
    Time asked_at{};
    http::ClientResponse* response = nullptr;  // its head has come
    std::uint64_t received_bytes = 0;
    Speed speed{};
    int times_busy = 0;
    bool is_arriving = false;  // at that node
    bool is_cancelled = false;
    void cancel();
    Outcome broken_off(std::string cause) const;
  };

  static Task<void> ask(std::shared_ptr<HolderRace> race, std::size_t index, bool is_hedged);
  struct Judgement {  // ages of a request, in this order
    Milliseconds overtaken;
    Milliseconds lost;
    Milliseconds lost_for_certain;
  };
  static Task<bool> is_asked_until(std::shared_ptr<HolderRace> race, std::size_t index, Milliseconds age);
  static Task<void> judge(std::shared_ptr<HolderRace> race, std::size_t index, Judgement at);
  Task<Outcome> fetch(std::size_t index, http::ClientRequest request);
  Task<Outcome> read(std::size_t index, http::ClientResponse& response);
  std::optional<std::size_t> next() const;
  void start(std::size_t index, bool is_hedged);
  void end(Entry& entry, Outcome outcome);
  void win(Entry& entry, Bytes bytes);
  void judge_losers(const Entry& winner, Milliseconds winner_took);
  void judge_by_speed(Entry& entry, Milliseconds whole, Judgement at);
  void note_overtaken(const Entry& entry);
  void fail_entry(const Entry& entry, const std::string& cause);
  Milliseconds since_asked(const Entry& entry) const;

  Surroundings around_;
  Layer layer_;
  std::vector<Entry> entries_;
  Signal changed_;
  std::size_t under_way_ = 0;
  std::size_t unreplaced_ = 0;  // requests that failed, for which no other has begun yet
  bool is_won_ = false;
  Bytes bytes_;
  std::string cause_ = "the tracker named no node that holds the layer";
};

}  // namespace shoal::agent::pull
