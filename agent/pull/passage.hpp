// Passage: a layer without room on its way through its window, from its sources to its readers. Of a Download.
//
// Threads: the loop.
#pragma once

#include "agent/pull/window.hpp"
#include "shared/core/signal.hpp"
#include "shared/store/verified.hpp"

namespace shoal::agent::pull {

class Passage {
 public:
  static constexpr std::uint64_t step_bytes = 1 << 20;  // served at once: a reader's place moves on after each

  // All of them outlive it. `changed` is notified when the window moves.
  Passage(Clock& clock, Signal& changed, const store::PartialLayer& partial);

  // ---- for the sources

  PieceIndex wanted_end() const { return window_.wanted_end(); }  // pieces before it are to be fetched now
  bool waits_for_readers() const;                                 // all that is wanted is there
  bool is_abandoned();                                            // nobody reads it any more
  void advance();                                                 // as far as the readers let it
  void note_hashed(std::uint64_t bytes);                          // of the layer, from its first one on
  // These two: the caller keeps the download. `no_space` once it is abandoned.
  Task<Result<void>> wait_until_wanted(PieceIndex piece);
  Task<void> wait_for_readers();  // until all have read what they want

  // ---- for the readers

  Window::Reader add_reader() { return window_.add_reader(clock_.now()); }
  bool contains(std::uint64_t at) const { return window_.contains(at); }
  void move(Window::Place& reader, std::uint64_t at);  // nothing outside of the window

 private:
  Clock& clock_;
  Signal& changed_;
  const store::PartialLayer& partial_;
  Window window_;
  std::uint64_t hashed_bytes_ = 0;
};

}  // namespace shoal::agent::pull
