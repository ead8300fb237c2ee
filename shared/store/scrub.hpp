// Scrub: reads the held layers again in the background and hashes them, so that a disk that lost bytes is found before
// a runtime gets wrong bytes. A layer whose bytes proved wrong is removed; the next pull fetches it again.
//
// One pass over all layers, at a bounded rate, then a pause. Bytes in the page cache are checked from there.
//
// Threads: the loop; layers are read and hashed on the pool.
#pragma once

#include <deque>
#include <functional>

#include "shared/config/config.hpp"
#include "shared/core/clock.hpp"
#include "shared/core/pool.hpp"
#include "shared/store/metrics.hpp"

namespace shoal::store {

struct ScrubOptions {
  Milliseconds every{std::chrono::hours(24)};  // between two passes; 0: never
  ByteRate rate{16 << 20};                     // a twentieth of a slow disk: an hour for the default capacity
};

class Scrub {
 public:
  struct Parts {
    Loop& loop;
    Clock& clock;
    Pool& pool;
    Store& store;
    ScrubMetrics& metrics;
  };
  // `on_wrong` is called after a wrong layer was dropped from the store.
  Scrub(Parts parts, ScrubOptions options, std::function<void(const Digest&)> on_wrong)
      : parts_(parts), options_(options), on_wrong_(std::move(on_wrong)) {}

  void start();       // passes for ever, the first one after a pause
  Task<void> pass();  // every layer that is held at its beginning, once
  // A peer or a tracker says that its bytes are wrong: it is checked now, one layer at a time.
  void suspect(const Digest& digest);

 private:
  Task<void> run();
  Task<void> check(Digest digest);
  Task<void> check_suspects();
  FileHandle file_of(const Digest& digest);
  void tell_wrong(const Digest& digest);

  Parts parts_;
  ScrubOptions options_;
  std::function<void(const Digest&)> on_wrong_;
  std::deque<Digest> suspects_;  // the first one is being checked
};

// Reads and prints the section [store]: both programs have the same.
void describe(config::Section& root, Options& options, ScrubOptions& scrub);

}  // namespace shoal::store
