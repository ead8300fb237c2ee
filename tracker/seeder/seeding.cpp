#include "tracker/seeder/seeding.hpp"

#include "shared/core/check.hpp"
#include "shared/log/log.hpp"

namespace shoal::tracker::seeder {
namespace {

constexpr std::size_t smallest_batch = 8;  // hashes; why is said in the header

std::size_t batch_for(ByteCount piece_length) {
  return std::clamp<std::size_t>(piece_length.value / (32_KiB).value, smallest_batch, largest_batch);
}

}  // namespace

Seeding::Seeding(const Parts& parts, SeedRequest request, Generation generation, store::FileHandle file)
    : parts_(parts),
      request_(std::move(request)),
      generation_(generation),
      file_(std::move(file)),
      name_(swarm_name(parts.keys.swarm, request_.digest, layout(), generation)),
      hashes_(layout()),
      batches_{batch_for(layout().piece_length()), {}} {}

void Seeding::start(const SwarmEvents& events) {
  parts_.metrics.seeding_layers.add(1);
  const auto tell = [events, digest = request_.digest, generation = generation_](const swarm::Event& event) {
    events(digest, generation, event);
  };
  parts_.swarm.join({.name = name_,
                     .role = swarm::Role::seed,
                     .file = file_,
                     .have = PieceSet(layout().count()),
                     .hashes = PieceHashes(layout()),
                     .tracker_key = parts_.keys.signing.public_key(),
                     .events = tell,
                     .unproven = PieceSet(),
                     .is_window = file_->is_window()});
}

void Seeding::note_ready() {
  if (phase_ == Phase::joining) phase_ = Phase::ready;
}

void Seeding::add(const std::vector<Hash256>& hashes) {
  if (phase_ == Phase::left) return;
  auto& waiting = pending_.hashes;
  waiting.insert(waiting.end(), hashes.begin(), hashes.end());
  if (waiting.empty() || (pending_.is_scheduled && waiting.size() < batches_.size)) return;
  const Milliseconds apart = next_ < first_pieces ? first_batch_time : batch_time;
  const auto since = published_at_ ? parts_.clock.now() - *published_at_ : apart;
  if (since >= apart || waiting.size() >= batches_.size) return flush();
  pending_.is_scheduled = true;
  spawn(parts_.loop, publish_later(shared_from_this(), std::chrono::ceil<Milliseconds>(apart - since)));
}

void Seeding::add_all(const std::vector<Hash256>& hashes) {
  SHOAL_CHECK(next_ == 0 && pending_.hashes.empty() && hashes.size() == layout().count());
  pending_.hashes = hashes;
  flush();
}

void Seeding::finish(const std::vector<Hash256>& hashes) {
  finished_ = sign_list(parts_.keys.signing, request_.digest, size(), hashes);
}

void Seeding::leave() {
  if (std::exchange(phase_, Phase::left) == Phase::left) return;
  parts_.metrics.seeding_layers.add(-1);
  parts_.swarm.leave(name_);
}

std::optional<LayerInfo> Seeding::info() const {
  if (phase_ != Phase::ready) return std::nullopt;
  return LayerInfo{.digest = request_.digest,
                   .size = size(),
                   .generation = generation_,
                   .finished = finished_,
                   .upstreams = upstreams_};
}

store::SideFile Seeding::side(std::vector<Hash256> hashes) const {
  store::SideFile side{request_.digest, size().value, static_cast<std::uint32_t>(layout().piece_length().value)};
  side.generation = generation_;
  side.hashes = std::move(hashes);
  side.signature = finished_;
  side.swarm = name_;
  side.upstreams = upstreams_;
  return side;
}

std::optional<HashBatch> Seeding::batch_of(PieceIndex piece) {
  if (piece >= next_) return std::nullopt;
  const PieceIndex first = piece - piece % static_cast<PieceIndex>(largest_batch);
  const std::size_t count = std::min<std::size_t>(largest_batch, layout().count() - first);
  if (first + count > next_) return *hashes_.batch_of(piece);  // the rest of the large one is still to come
  const auto known = batches_.large.find(first);
  if (known != batches_.large.end()) return known->second;
  std::vector<Hash256> hashes;
  for (PieceIndex each = first; each < first + count; ++each) {
    const HashBatch* batch = hashes_.batch_of(each);
    hashes.push_back(batch->hashes[each - batch->first]);
  }
  return batches_.large.emplace(first, sign_batch(parts_.keys.signing, name_, first, std::move(hashes))).first->second;
}

void Seeding::flush() {
  if (phase_ == Phase::left || pending_.hashes.empty()) return;
  const bool is_first = next_ == 0;
  const std::vector<Hash256> hashes = std::exchange(pending_.hashes, {});
  swarm::Publication publication;
  for (std::size_t taken = 0; taken < hashes.size();) {
    const std::size_t count = std::min(batches_.size - next_ % batches_.size, hashes.size() - taken);
    const auto begin = hashes.begin() + static_cast<std::ptrdiff_t>(taken);
    std::vector<Hash256> some(begin, begin + static_cast<std::ptrdiff_t>(count));
    publication.batches.push_back(sign_batch(parts_.keys.signing, name_, next_, std::move(some)));
    hashes_.add_trusted(publication.batches.back());
    for (std::size_t i = 0; i < count; ++i) publication.in_file.push_back(next_++);
    taken += count;
  }
  published_at_ = parts_.clock.now();
  parts_.swarm.publish(name_, std::move(publication));
  if (is_first)
    log::debug("seeder", "first piece published", {{"digest", request_.digest.text()}, {"image", request_.image()}});
}

Task<void> Seeding::publish_later(std::shared_ptr<Seeding> self, Milliseconds wait) {
  co_await self->parts_.clock.sleep(wait);
  self->pending_.is_scheduled = false;
  self->flush();
}

}  // namespace shoal::tracker::seeder
