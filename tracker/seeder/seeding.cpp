#include "tracker/seeder/seeding.hpp"

#include "shared/core/check.hpp"
#include "shared/log/log.hpp"

namespace shoal::tracker {
namespace {

constexpr std::size_t smallest_batch = 8;  // hashes

std::size_t batch_for(ByteCount piece_length) {
  return std::clamp<std::size_t>(piece_length.value / (32_KiB).value, smallest_batch, largest_batch);
}

}  // namespace

Seeding::Seeding(Parts parts, const Digest& digest, SwarmName name, std::shared_ptr<store::PieceFile> file)
    : parts_(parts),
      digest_text_(digest.text()),
      name_(name),
      file_(file),
      hashes_(file->layout()),
      batch_(batch_for(file->layout().piece_length())) {}

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
  if (pending_.empty() || (waiting_ && pending_.size() < batch_)) return;
  const Milliseconds apart = next_ < first_pieces ? first_batch_time : batch_time;
  const auto since = published_at_ ? parts_.clock.now() - *published_at_ : apart;
  if (since >= apart || pending_.size() >= batch_) return flush();
  waiting_ = true;
  spawn(parts_.loop, publish_later(shared_from_this(), std::chrono::ceil<Milliseconds>(apart - since)));
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

std::optional<HashBatch> Seeding::batch_of(PieceIndex piece) {
  if (piece >= next_) return std::nullopt;
  const PieceIndex first = piece - piece % static_cast<PieceIndex>(largest_batch);
  const std::size_t count = std::min<std::size_t>(largest_batch, file_->layout().count() - first);
  if (first + count > next_) return *hashes_.batch_of(piece);  // the rest of the large one is still to come
  const auto known = large_.find(first);
  if (known != large_.end()) return known->second;
  std::vector<Hash256> hashes;
  for (PieceIndex each = first; each < first + count; ++each) {
    const HashBatch* batch = hashes_.batch_of(each);
    hashes.push_back(batch->hashes[each - batch->first]);
  }
  return large_.emplace(first, sign_batch(parts_.key, name_, first, std::move(hashes))).first->second;
}

void Seeding::flush() {
  if (left_ || pending_.empty()) return;
  const bool is_first = next_ == 0;
  swarm::Publication publication;
  for (std::size_t taken = 0; taken < pending_.size();) {
    const std::size_t count = std::min(batch_ - next_ % batch_, pending_.size() - taken);
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
