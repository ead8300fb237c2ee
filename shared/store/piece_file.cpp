#include "shared/store/piece_file.hpp"

#include "shared/core/check.hpp"
#include "shared/store/disk/record.hpp"

namespace shoal::store {

PieceFile::PieceFile(File file, PieceLayout layout) : PieceFile(std::move(file), layout, nullptr) {}

PieceFile::PieceFile(File file, PieceLayout layout, std::unique_ptr<Record> record)
    : file_(std::move(file)), layout_(layout), record_(std::move(record)) {
  SHOAL_CHECK(file_.descriptor() >= 0);
}

PieceFile::PieceFile(File file, PieceLayout layout, ByteCount window) : PieceFile(std::move(file), layout, nullptr) {
  window_ = window;
  dropped_.resize(layout.count());
}

PieceFile::~PieceFile() = default;

Result<WrittenPiece> PieceFile::write(const VerifiedPiece& piece) {
  // A piece verified against another layer's layout is a bug of the caller, and would write beyond the reservation.
  SHOAL_CHECK(piece.index() < layout_.count() && piece.bytes().size() == layout_.length(piece.index()));
  const std::scoped_lock lock(writing_);
  std::optional<Hash256>& there = written(piece.index());
  if (there && *there != piece.hash()) return fail(ErrorKind::corrupt, "two different pieces for one place in a layer");
  if (!there) {
    if (window_ && resident_.value + piece.bytes().size() > window_->value)
      return fail(ErrorKind::no_space, "write a piece: the layer's window in memory is full");
    const auto done = file_.write_at(layout_.offset(piece.index()), piece.bytes());
    if (!done) return tl::unexpected(done.error());
    if (record_) record_->note(piece.index(), piece.hash());
    there = piece.hash();
    resident_.value += piece.bytes().size();
  }
  return WrittenPiece(piece.index(), piece.hash());
}

std::optional<Hash256>& PieceFile::written(PieceIndex piece) {
  if (written_.empty()) written_.resize(layout_.count());
  return written_[piece];
}

bool PieceFile::fits(ByteCount more) const {
  const std::scoped_lock lock(writing_);
  return !window_ || resident_ + more <= *window_;
}

ByteCount PieceFile::resident() const {
  const std::scoped_lock lock(writing_);
  return resident_;
}

void PieceFile::drop(PieceIndex piece) {
  SHOAL_CHECK(window_ && piece < layout_.count());
  const std::scoped_lock lock(writing_);
  if (dropped_[piece] || !written(piece)) return;
  dropped_[piece] = true;
  resident_.value -= layout_.length(piece);
  file_.punch(layout_.offset(piece), layout_.length(piece));
}

Result<WrittenPiece> PieceFile::recheck(PieceIndex piece, const Hash256& hash) {
  const auto bytes = read(piece);
  if (!bytes) return tl::unexpected(bytes.error());
  if (sha256(*bytes) != hash) return fail(ErrorKind::corrupt, "a piece of a partial layer does not match its record");
  const std::scoped_lock lock(writing_);
  written(piece) = hash;
  return WrittenPiece(piece, hash);
}

std::optional<WrittenPiece> PieceFile::find(PieceIndex piece) const {
  SHOAL_CHECK(piece < layout_.count());
  const std::scoped_lock lock(writing_);
  if (written_.empty() || !written_[piece]) return std::nullopt;
  return WrittenPiece(piece, *written_[piece]);
}

Result<Bytes> PieceFile::read(PieceIndex piece) const {
  Bytes bytes(layout_.length(piece));
  const auto done = read_at(layout_.offset(piece), bytes);
  if (!done) return tl::unexpected(done.error());
  return bytes;
}

Result<void> PieceFile::read_at(std::uint64_t offset, MutableBytes out) const {
  return file_.read_at(offset, out);
}

Result<void> PieceFile::sync() const {
  const Result<void> synced = file_.sync();
  if (!synced) is_lost_ = true;
  return synced;
}

}  // namespace shoal::store
