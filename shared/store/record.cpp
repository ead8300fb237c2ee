#include "shared/store/record.hpp"

#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "shared/core/codec.hpp"
#include "shared/crypto/hasher.hpp"

namespace shoal::store {
namespace {

constexpr std::string_view magic = "SHOALPC1";
constexpr std::size_t slots_at_once = 2048;  // 64 KiB

std::uint64_t slot_offset(PieceIndex piece) {
  return record_head_bytes + std::uint64_t{piece} * sizeof(Hash256);
}

}  // namespace

Bytes encode_record_head(const RecordHead& head) {
  Bytes bytes = copy_of(bytes_of(magic));
  Encoder fields;
  fields.field(head);
  const Bytes body = fields.take();
  bytes.insert(bytes.end(), body.begin(), body.end());
  const Hash256 sum = sha256(bytes);
  bytes.insert(bytes.end(), sum.begin(), sum.end());
  bytes.resize(record_head_bytes);
  return bytes;
}

Result<RecordHead> decode_record_head(ByteView bytes) {
  const auto corrupt = [](const char* what) { return fail(ErrorKind::corrupt, std::string("piece record: ") + what); };
  if (bytes.size() != record_head_bytes || text_of(bytes.first(magic.size())) != magic) return corrupt("not one");
  RecordHead head{*Digest::from_raw(DigestAlgorithm::sha256, Hash256{})};
  Decoder decoder(bytes.subspan(magic.size()));
  decoder.field(head);
  if (!decoder.good()) return corrupt("a field is missing");
  // The checksum and the padding are what the fields call for, to the byte.
  if (!std::ranges::equal(encode_record_head(head), bytes)) return corrupt("its checksum does not match");
  return head;
}

Result<std::unique_ptr<Record>> Record::create(Descriptor file, const RecordHead& head, Faults* faults) {
  const auto written = write_at(file.number(), 0, encode_record_head(head), faults);
  if (!written) return tl::unexpected(written.error());
  return std::unique_ptr<Record>(new Record(std::move(file), head, faults));
}

Result<std::unique_ptr<Record>> Record::open(Descriptor file, const Digest& digest, ByteCount size, Faults* faults) {
  Bytes bytes(record_head_bytes);
  const auto read = read_at(file.number(), 0, bytes, faults);
  if (!read) return tl::unexpected(read.error());
  const auto head = decode_record_head(bytes);
  if (!head) return tl::unexpected(head.error());
  if (head->digest != digest || head->size_bytes != size.value)
    return fail(ErrorKind::corrupt, "piece record: of another layer");
  auto record = std::unique_ptr<Record>(new Record(std::move(file), *head, faults));
  const auto pieces = record->pieces();
  if (!pieces) return tl::unexpected(pieces.error());
  record->any_ = !pieces->empty();
  return record;
}

void Record::note(PieceIndex piece, const Hash256& hash) {
  if (given_up_) return;
  const auto written = write_at(file_.number(), slot_offset(piece), hash, faults_);
  if (written) {
    any_ = true;
  } else {
    given_up_ = true;
  }
}

Result<std::vector<NotedPiece>> Record::pieces() const {
  const auto size = size_of(file_.number());
  if (!size) return tl::unexpected(size.error());
  const PieceIndex all = PieceLayout(ByteCount{head_.size_bytes}).count();
  const std::uint64_t slots = (std::max(*size, record_head_bytes) - record_head_bytes) / sizeof(Hash256);
  const auto count = static_cast<PieceIndex>(std::min<std::uint64_t>(slots, all));
  std::vector<NotedPiece> noted;
  Bytes block(slots_at_once * sizeof(Hash256));
  for (PieceIndex first = 0; first < count; first += slots_at_once) {
    const std::size_t some = std::min<std::size_t>(slots_at_once, count - first);
    const MutableBytes wanted = MutableBytes(block).first(some * sizeof(Hash256));
    const auto read = read_at(file_.number(), slot_offset(first), wanted, faults_);
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
  const auto emptied = truncate(file_.number(), 0, faults_);
  if (!emptied) return emptied;
  any_ = false;
  head_.generation = generation;
  return write_at(file_.number(), 0, encode_record_head(head_), faults_);
}

Result<void> Record::leave_generations() {
  head_.generation = of_no_swarm;
  return write_at(file_.number(), 0, encode_record_head(head_), faults_);
}

}  // namespace shoal::store
