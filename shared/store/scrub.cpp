#include "shared/store/scrub.hpp"

#include <algorithm>

#include "shared/log/log.hpp"

namespace shoal::store {
namespace {

// Between two pauses: some milliseconds of a thread of the pool.
constexpr std::uint64_t step_bytes = (1_MiB).value;

// Shorter, a layer could go between two reads of one pull.
constexpr Milliseconds least_keep{60'000};

}  // namespace

void Scrub::start() {
  if (options_.every > Milliseconds::zero()) spawn(parts_.loop, run());
}

Task<void> Scrub::run() {
  for (;;) {
    co_await parts_.clock.sleep(options_.every);
    co_await pass();
  }
}

Task<void> Scrub::pass() {
  std::vector<Digest> digests = parts_.store.digests();
  std::ranges::sort(digests);  // not in the order of use, which changes meanwhile
  for (const Digest& digest : digests) co_await check(digest);
}

void Scrub::suspect(const Digest& digest) {
  if (!parts_.store.holds(digest) || std::ranges::find(suspects_, digest) != suspects_.end()) return;
  suspects_.push_back(digest);
  if (suspects_.size() == 1) spawn(parts_.loop, check_suspects());
}

Task<void> Scrub::check_suspects() {
  while (!suspects_.empty()) {
    co_await check(suspects_.front());
    suspects_.pop_front();
  }
}

Task<void> Scrub::check(Digest digest) {
  const bool held = parts_.store.holds(digest);
  const auto file = file_of(digest);
  if (!file) {
    if (held && !parts_.store.holds(digest)) tell_wrong(digest);
    co_return;
  }
  const auto verifier = std::make_shared<LayerVerifier>(digest, file);
  const std::uint64_t size = file->layout().layer_size().value;
  Result<void> read;
  while (read && verifier->position() < size) {
    const std::uint64_t end = std::min(size, verifier->position() + step_bytes);
    const std::uint64_t some = end - verifier->position();
    auto advance = [verifier, end] { return verifier->advance(end); };
    read = co_await parts_.pool.run(std::move(advance));
    parts_.metrics.checked_bytes.add(some);
    const std::uint64_t rate = std::max<std::uint64_t>(1, options_.rate.bytes_per_second);
    co_await parts_.clock.sleep(Milliseconds(some * 1000 / rate));
  }
  parts_.metrics.checked_layers.add();
  const bool right = read && verifier->finish();
  if (right) co_return;
  // A disk that cannot be read now says nothing about the bytes, but a file that is too short does.
  if (!read && read.error().kind != ErrorKind::corrupt) {
    log::warning("store", "held layer cannot be read",
                 {{"digest", digest.text()}, {"cause", read.error().what}, {"next", "look at the disk"}});
    co_return;
  }
  if (parts_.store.drop(digest, *file)) tell_wrong(digest);  // else evicted meanwhile
}

// Its file alone: the layer may still be evicted meanwhile.
FileHandle Scrub::file_of(const Digest& digest) {
  const auto layer = parts_.store.look(digest);
  return layer ? layer->file() : nullptr;
}

void Scrub::tell_wrong(const Digest& digest) {
  log::error("store", "held layer corrupt, removed",
             {{"digest", digest.text()}, {"next", "if there are more, replace the disk"}});
  parts_.metrics.wrong_layers.add();
  on_wrong_(digest);
}

void describe(config::Section& root, Options& options, ScrubOptions& scrub) {
  root.section("store", [&](config::Section& section) {
    section.key("path", options.path, "Directory of the held layers; a tracker keeps its keys there too.");
    section.key("capacity", options.capacity,
                "Most that the store takes, a size or per cent of its file system; least recently used layers go first.");
    section.key("min_free", options.min_free,
                "What the store leaves free on its file system, a size or per cent of it: layers are evicted for it, and "
                "not stored beyond it.");
    section.key("keep", options.keep, "A layer that nobody used for so long is dropped; \"0s\": none is.");
    section.key("scrub_every", scrub.every, "Pause between two checks of all held layers; \"0s\": none.");
    section.key("scrub_rate", scrub.rate, "How fast they are read for that.");
    if (section.printing()) return;
    if (options.path.empty()) section.fault("path", "is empty; write a directory");
    if (options.min_free.percent() == 100u) section.fault("min_free", "\"100%\" leaves nothing for the store");
    if (options.keep > Milliseconds::zero() && options.keep < least_keep)
      section.fault("keep", "must be " + shoal::text(least_keep) + " or more; \"0s\" keeps layers until their room is needed");
    if (!options.path.empty() && !options.path.starts_with('/')) {
      section.warning("path", "is relative to the directory in which the program starts; write it from / on");
    }
    if (scrub.rate.bytes_per_second == 0)
      section.fault("scrub_rate", "must be more than 0B/s; scrub_every = \"0s\" ends it");
  });
}

}  // namespace shoal::store
