#include "agent/pull/passage.hpp"

#include <algorithm>

namespace shoal::agent::pull {
namespace {

constexpr Milliseconds check{250};  // a reader that is gone wakes nobody

}  // namespace

Passage::Passage(Clock& clock, Signal& changed, const store::PartialLayer& partial)
    : clock_(clock),
      changed_(changed),
      partial_(partial),
      window_(partial.file()->layout(), partial.file()->window(), clock.now()) {}

bool Passage::waits_for_readers() const {
  const PieceLayout& layout = partial_.file()->layout();
  return partial_.contiguous_bytes() >= std::min(layout.offset(wanted_end()), layout.layer_size().value);
}

bool Passage::is_abandoned() {
  return window_.is_abandoned(clock_.now());
}

void Passage::advance() {
  const PieceIndex first = window_.first();
  if (!window_.advance(hashed_bytes_, clock_.now())) return;
  for (PieceIndex piece = first; piece < window_.first(); ++piece) partial_.file()->drop(piece);
  changed_.notify();
}

void Passage::note_hashed(std::uint64_t bytes) {
  hashed_bytes_ = bytes;
  advance();
}

Task<Result<void>> Passage::wait_until_wanted(PieceIndex piece) {
  while (piece >= wanted_end()) {
    if (is_abandoned()) co_return fail(ErrorKind::no_space, "nobody reads the layer any more");
    co_await changed_.wait_for(clock_, check);
    advance();
  }
  co_return Result<void>();
}

Task<void> Passage::wait_for_readers() {
  while (!is_abandoned()) co_await clock_.sleep(check);
}

void Passage::move(Window::Place& reader, std::uint64_t at) {
  if (!contains(at)) return;
  window_.move(reader, at);
  advance();
}

}  // namespace shoal::agent::pull
