#include "shared/store/disk/record.hpp"

#include <algorithm>

namespace shoal::store {
namespace {

constexpr std::size_t slots_at_once = 2048;  // 64 KiB

std::uint64_t slot_offset(PieceIndex piece) {
  return record_head_bytes + std::uint64_t{piece} * sizeof(Hash256);
}

}  // namespace

Result<std::unique_ptr<Record>> Record::create(File file, const RecordHead& head) {
  const auto written = file.write_at(0, encode_record_head(head));
  if (!written) return tl::unexpected(written.error());
  return std::unique_ptr<Record>(new Record(std::move(file), head));
}

Result<std::unique_ptr<Record>> Record::open(File file, const Digest& digest, ByteCount size) {
  Bytes bytes(record_head_bytes);
  const auto read = file.read_at(0, bytes);
  if (!read) return tl::unexpected(read.error());
  const auto head = decode_record_head(bytes);
  if (!head) return tl::unexpected(head.error());
  if (head->digest != digest || head->size_bytes != size.value)
    return fail(ErrorKind::corrupt, "piece record: of another layer");
  auto record = std::unique_ptr<Record>(new Record(std::move(file), *head));
  const auto pieces = record->pieces();
  if (!pieces) return tl::unexpected(pieces.error());
  record->any_ = !pieces->empty();
  return record;
}

void Record::note(PieceIndex piece, const Hash256& hash) {
  if (given_up_) return;
  const auto written = file_.write_at(slot_offset(piece), hash);
  if (written) {
    any_ = true;
  } else {
    given_up_ = true;
  }
}

Result<std::vector<NotedPiece>> Record::pieces() const {
  const auto size = file_.size();
  if (!size) return tl::unexpected(size.error());
  const PieceIndex all = PieceLayout(ByteCount{head_.size_bytes}).count();
  const std::uint64_t slots = (std::max(*size, record_head_bytes) - record_head_bytes) / sizeof(Hash256);
  const auto count = static_cast<PieceIndex>(std::min<std::uint64_t>(slots, all));
  std::vector<NotedPiece> noted;
  Bytes block(slots_at_once * sizeof(Hash256));
  for (PieceIndex first = 0; first < count; first += slots_at_once) {
    const std::size_t some = std::min<std::size_t>(slots_at_once, count - first);
    const MutableBytes wanted = MutableBytes(block).first(some * sizeof(Hash256));
    const auto read = file_.read_at(slot_offset(first), wanted);
    if (!read) return tl::unexpected(read.error());
    for (std::size_t i = 0; i < some; ++i) {
      Hash256 hash;
      std::ranges::copy(wanted.subspan(i * sizeof(Hash256), sizeof(Hash256)), hash.begin());
      if (hash != Hash256{}) noted.emplace_back(first + static_cast<PieceIndex>(i), hash);
    }
  }
  return noted;
}

Result<void> Record::start_generation(Generation generation) {
  const auto emptied = file_.truncate(0);
  if (!emptied) return emptied;
  any_ = false;
  head_.generation = generation;
  head_.source = {};
  return file_.write_at(0, encode_record_head(head_));
}

Result<void> Record::set_source(const Hash256& source) {
  if (head_.source == source) return {};
  head_.source = source;
  return file_.write_at(0, encode_record_head(head_));
}

Result<void> Record::leave_generations() {
  head_.generation = of_no_swarm;
  return file_.write_at(0, encode_record_head(head_));
}

}  // namespace shoal::store
