// Proofs: whether a caller's registry has a layer that is here from elsewhere. It is asked for bytes, with the caller's
// credential, and they are compared with those that are here. Whoever knows a digest, and no bytes, cannot answer.
//
// A blob of up to 64 KiB, and a manifest, is read whole. Of a larger one a stretch of 64 KiB is read by Range, at an offset
// that only this process knows before; a registry that makes nothing of Range is read up to such a stretch within the first
// MiB. A stretch that could be guessed, as zeros in an unpacked file system, is none: another one is chosen.
//
// Threads: the loop.
#pragma once

#include <functional>

#include "agent/access/origin_word.hpp"
#include "agent/access/possession.hpp"
#include "agent/access/shared_questions.hpp"

namespace shoal::agent::access {

// A layer that is here, all of it.
struct Evidence {
  ByteCount size;
  std::function<Result<void>(std::uint64_t offset, MutableBytes out)> read;  // keeps the layer alive
};

class Proofs {
 public:
  static constexpr ByteCount stretch = 64_KiB;
  static constexpr ByteCount longest_prefix = 1_MiB;  // before the stretch, at a registry without Range

  struct Parts {  // outlive it
    Loop& loop;
    Clock& clock;
    origin::Origin& origin;
    Possession& possession;
  };
  explicit Proofs(Parts parts) : parts_(parts), questions_(parts.loop, parts.clock) {}

  // Notes in Possession what comes of it. Those of one key that ask at the same time share a question: of the same caller, for
  // the same layer. Errors:
  // the origin's, with its answer; `not_found` when it sends other bytes, now or within the last 10 min; `no_space` when all
  // of the layer could be guessed: then the caller is to be given its own registry's bytes; `unavailable`.
  Task<Result<void>> prove(Question question, Evidence evidence, Hash256 key);

 private:
  Task<Result<void>> compare(Question question, Evidence evidence);

  Parts parts_;
  SharedQuestions<void> questions_;
};

// Whether nobody could have guessed the bytes: they have many different words.
bool is_telling(ByteView bytes);

}  // namespace shoal::agent::access
