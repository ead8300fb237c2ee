#include "shared/store/reservation/reservation.hpp"

#include <fcntl.h>

#include "shared/store/disk/layer_files.hpp"
#include "shared/store/disk/record.hpp"
#include "shared/store/reserved.hpp"

namespace shoal::store {

TemporaryNames::TemporaryNames(const Digest& digest, ByteCount size, std::uint64_t number)
    : is_partial(size > small_layer_limit),
      data(is_partial ? partial_path(digest) : "tmp/" + digest.hex() + "." + std::to_string(number)),
      side("tmp/" + digest.hex() + "." + std::to_string(number) + ".side") {}

Reservation::Reservation(RootHandle root, const Digest& digest, ByteCount size, std::uint64_t number,
                         bool replaces_corrupt)
    : root_(std::move(root)),
      digest_(digest),
      size_(size),
      names_(TemporaryNames(digest, size, number)),
      replaces_corrupt_(replaces_corrupt) {}

Reservation::Reservation(RootHandle root, const Digest& digest, FileHandle file)
    : root_(std::move(root)),
      digest_(digest),
      size_(file->layout().layer_size()),
      in_memory_(true),
      file_(std::move(file)) {}

Reservation::~Reservation() {
  if (is_active_) end_as(can_be_resumed() ? Outcome::partial : Outcome::removed);
}

void Reservation::end() {
  if (is_active_) end_as(Outcome::removed);
}

// The room counts as free only once the files are gone.
void Reservation::end_as(Outcome outcome) {
  if (outcome == Outcome::removed && names_) remove_files();
  is_active_ = false;
  root_->ended.add({digest_, outcome});
}

bool Reservation::can_be_resumed() const {
  return names_ && names_->is_partial && !is_discarded_ && file_->record() && !file_->record()->empty();
}

void Reservation::remove_files() const {
  remove_leftover(root_->disk, names_->data);
  if (names_->is_partial) remove_leftover(root_->disk, record_path(digest_));
}

Result<void> Reservation::make_file() {
  Result<FileHandle> made = names_->is_partial ? resume() : make_new();
  if (!made && names_->is_partial) made = make_new();
  if (!made) {
    remove_files();  // also the blocks that a full disk gave before it was full
    return tl::unexpected(made.error());
  }
  file_ = std::move(*made);
  is_active_ = true;
  return {};
}

// Fails when there are no files that fit together; those that are there are then replaced.
Result<FileHandle> Reservation::resume() const {
  const Disk& disk = root_->disk;
  auto data = disk.open(names_->data, O_RDWR);
  if (!data) return tl::unexpected(data.error());
  const auto found = data->size();
  if (!found) return tl::unexpected(found.error());
  if (*found != size_.value) return fail(ErrorKind::corrupt, "a partial layer of another size");
  auto noted = disk.open(record_path(digest_), O_RDWR);
  if (!noted) return tl::unexpected(noted.error());
  auto record = Record::open(std::move(*noted), digest_, size_);
  if (!record) return tl::unexpected(record.error());
  return std::make_shared<PieceFile>(std::move(*data), PieceLayout(size_), std::move(*record));
}

Result<FileHandle> Reservation::make_new() const {
  const Disk& disk = root_->disk;
  auto cleared = disk.remove(names_->data);  // of a try before
  if (cleared && names_->is_partial) cleared = disk.remove(record_path(digest_));
  if (!cleared) return tl::unexpected(cleared.error());
  auto data = disk.open(names_->data, O_RDWR | O_CREAT | O_EXCL);
  if (!data) return tl::unexpected(data.error());
  const auto allocated = data->allocate(size_.value);
  if (!allocated) return tl::unexpected(allocated.error());
  if (!names_->is_partial) return std::make_shared<PieceFile>(std::move(*data), PieceLayout(size_));
  auto noted = disk.open(record_path(digest_), O_RDWR | O_CREAT | O_EXCL);
  if (!noted) return tl::unexpected(noted.error());
  auto record = Record::create(std::move(*noted), {digest_, size_.value, 0});
  if (!record) return tl::unexpected(record.error());
  return std::make_shared<PieceFile>(std::move(*data), PieceLayout(size_), std::move(*record));
}

Result<std::shared_ptr<Reservation>> reserve_memory(RootHandle root, const Digest& digest, ByteCount size) {
  if (size > largest_layer)
    return fail(ErrorKind::refused, "reserve memory: no layer is larger than " + text(largest_layer));
  const bool is_window = size > root->memory.largest;
  const ByteCount taken = is_window ? root->memory.largest : size;
  if (root->memory_bytes + taken.value > root->memory.all.value) {
    return fail(ErrorKind::no_space,
                "reserve " + text(taken) + " in memory: at most " + text(root->memory.all) + " are kept there");
  }
  auto made = make_memory_file(size.value);
  if (!made) return tl::unexpected(made.error());
  root->memory_bytes += taken.value;
  const auto release = [root, taken](PieceFile* file) {
    delete file;
    root->memory_bytes -= taken.value;
  };
  const PieceLayout layout(size);
  FileHandle file(is_window ? new PieceFile(std::move(*made), layout, taken) : new PieceFile(std::move(*made), layout),
                  release);
  return std::make_shared<Reservation>(std::move(root), digest, std::move(file));
}

}  // namespace shoal::store
