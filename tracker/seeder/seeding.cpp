#include "tracker/seeder/seeding.hpp"

#include "shared/core/check.hpp"
#include "shared/log/log.hpp"

namespace shoal::tracker {

Seeding::Seeding(Parts parts, const Digest& digest, SwarmName name, std::shared_ptr<store::PieceFile> file)
    : parts_(parts), digest_text_(digest.text()), name_(name), file_(file), hashes_(file->layout()) {}

void Seeding::start(std::function<void(swarm::Event)> events) {
  const PieceLayout& layout = file_->layout();
  parts_.swarm.join({.name = name_,
                     .role = swarm::Role::seed,
                     .file = file_,
                     .have = PieceSet(layout.count()),
                     .hashes = PieceHashes(layout),
                     .tracker_key = parts_.key.public_key(),
                     .events = std::move(events)});
}

void Seeding::add(const std::vector<Hash256>& hashes) {
  if (left_) return;
  pending_.insert(pending_.end(), hashes.begin(), hashes.end());
  if (pending_.empty() || (waiting_ && pending_.size() < largest_batch)) return;
  const auto since = published_at_ ? parts_.clock.now() - *published_at_ : batch_time;
  if (since >= batch_time || pending_.size() >= largest_batch) return flush();
  waiting_ = true;
  spawn(parts_.loop, publish_later(shared_from_this(), std::chrono::ceil<Milliseconds>(batch_time - since)));
}

void Seeding::add_all(const std::vector<Hash256>& hashes) {
  SHOAL_CHECK(next_ == 0 && pending_.empty() && hashes.size() == file_->layout().count());
  pending_ = hashes;
  flush();
}

void Seeding::leave() {
  if (left_) return;
  left_ = true;
  parts_.swarm.leave(name_);
}

const HashBatch* Seeding::batch_of(PieceIndex piece) const {
  return piece < file_->layout().count() ? hashes_.batch_of(piece) : nullptr;
}

void Seeding::flush() {
  if (left_ || pending_.empty()) return;
  const bool is_first = next_ == 0;
  swarm::Publication publication;
  for (std::size_t taken = 0; taken < pending_.size();) {
    const std::size_t count = std::min(largest_batch, pending_.size() - taken);
    const auto begin = pending_.begin() + static_cast<std::ptrdiff_t>(taken);
    std::vector<Hash256> hashes(begin, begin + static_cast<std::ptrdiff_t>(count));
    publication.batches.push_back(sign_batch(parts_.key, name_, next_, std::move(hashes)));
    hashes_.add_trusted(publication.batches.back());
    for (std::size_t i = 0; i < count; ++i) publication.in_file.push_back(next_++);
    taken += count;
  }
  pending_.clear();
  published_at_ = parts_.clock.now();
  parts_.swarm.publish(name_, std::move(publication));
  if (is_first) log::info("tracker", "first piece published", {{"digest", digest_text_}});
}

Task<void> Seeding::publish_later(std::shared_ptr<Seeding> self, Milliseconds wait) {
  co_await self->parts_.clock.sleep(wait);
  self->waiting_ = false;
  self->flush();
}

}  // namespace shoal::tracker
