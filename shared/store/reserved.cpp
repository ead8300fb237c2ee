#include "shared/store/reserved.hpp"

#include <fcntl.h>

#include "shared/core/check.hpp"
#include "shared/log/log.hpp"
#include "shared/store/record.hpp"

namespace shoal::store {
namespace {

// The directory of two hexadecimal digits, durable before the first layer stands in it.
Result<void> make_directory_of(const Disk& disk, const Digest& digest) {
  const std::string path = directory_of(digest);
  const auto made = disk.make_directory(path);
  if (!made) return tl::unexpected(made.error());
  if (!*made) return {};
  auto synced = disk.sync_directory(path.substr(0, path.rfind('/')));
  if (!synced) disk.remove_directory(path);  // so that the next commit makes it, and makes it durable
  return synced;
}

}  // namespace

Reserved::State::State(std::shared_ptr<Root> root_in, const Digest& digest_in, ByteCount size_in, Place place,
                       std::uint64_t number)
    : root(std::move(root_in)),
      digest(digest_in),
      size(size_in),
      place_(place),
      is_partial_(size > small_layer_limit),
      temporary_(is_partial_ ? partial_path(digest) : "tmp/" + digest.hex() + "." + std::to_string(number)),
      side_("tmp/" + digest.hex() + "." + std::to_string(number) + ".side") {}

Reserved::State::~State() {
  if (adopted_) return;
  const bool leave = can_be_taken_up();
  if (!in_memory()) drop_names(leave);
  *fate = leave ? Fate::left : Fate::gone;
}

void Reserved::State::adopt() {
  SHOAL_CHECK(!adopted_);
  // Somebody else had made the layer visible: its files serve, ours goes.
  if (!in_memory() && !data_is_named_) drop_names(false);
  adopted_ = true;
  *fate = Fate::gone;
}

bool Reserved::State::can_be_taken_up() const {
  return is_partial_ && !data_is_named_ && !discarded && file && file->record() && !file->record()->empty();
}

void Reserved::State::drop_names(bool leave_partial) {
  const auto drop = [&](const std::string& path) {
    const auto removed = root->disk.remove(path);
    if (!removed) log::warning("store", "cannot remove a file", {{"cause", removed.error().what}});
  };
  if (!side_is_named_) drop(side_);
  if (!leave_partial) {
    drop(data_is_named_ ? data_path(digest) : temporary_);
    if (is_partial_) drop(record_path(digest));
  }
  if (side_is_named_ && !root->disk.exists(data_path(digest))) drop(side_path(digest));
}

Result<void> Reserved::State::make_file() {
  if (in_memory()) return make_in_memory();
  if (is_partial_ && take_up_left()) return {};
  auto made = make_on_disk();
  if (!made) drop_names(false);  // also the blocks that a full disk gave before it was full
  return made;
}

Result<void> Reserved::State::make_in_memory() {
  auto made = memory_file(size.value);
  if (!made) return tl::unexpected(made.error());
  const auto give_back = [root = root, bytes = size.value](PieceFile* gone) {
    delete gone;
    root->memory_bytes -= bytes;
  };
  file = std::shared_ptr<PieceFile>(new PieceFile(made->release(), PieceLayout(size), nullptr), give_back);
  root->memory_bytes += size.value;
  return {};
}

// Fails when there is nothing that fits together; whatever there is then goes.
Result<void> Reserved::State::take_up_left() {
  const Disk& disk = root->disk;
  auto data = disk.open(temporary_, O_RDWR);
  if (!data) return tl::unexpected(data.error());
  const auto found = size_of(data->number());
  if (!found) return tl::unexpected(found.error());
  if (*found != size.value) return fail(ErrorKind::corrupt, "a partial layer of another size");
  auto noted = disk.open(record_path(digest), O_RDWR);
  if (!noted) return tl::unexpected(noted.error());
  auto record = Record::open(std::move(*noted), digest, size, disk.faults());
  if (!record) return tl::unexpected(record.error());
  file = std::make_shared<PieceFile>(data->release(), PieceLayout(size), disk.faults(), std::move(*record));
  return {};
}

Result<void> Reserved::State::make_on_disk() {
  const Disk& disk = root->disk;
  auto cleared = disk.remove(temporary_);  // of a try before
  if (cleared && is_partial_) cleared = disk.remove(record_path(digest));
  if (!cleared) return cleared;
  auto made = disk.open(temporary_, O_RDWR | O_CREAT | O_EXCL);
  if (!made) return tl::unexpected(made.error());
  const auto allocated = allocate(made->number(), size.value, disk.faults());
  if (!allocated) return allocated;
  std::unique_ptr<Record> record;
  if (is_partial_) {
    auto noted = disk.open(record_path(digest), O_RDWR | O_CREAT | O_EXCL);
    if (!noted) return tl::unexpected(noted.error());
    auto started = Record::create(std::move(*noted), {digest, size.value, 0}, disk.faults());
    if (!started) return tl::unexpected(started.error());
    record = std::move(*started);
  }
  file = std::make_shared<PieceFile>(made->release(), PieceLayout(size), disk.faults(), std::move(record));
  return {};
}

Result<void> Reserved::State::write_side(const Side& side) {
  const auto out = root->disk.open(side_, O_WRONLY | O_CREAT | O_EXCL);
  if (!out) return tl::unexpected(out.error());
  auto done = write_at(out->number(), 0, encode_side(side), root->disk.faults());
  if (done) done = sync(out->number(), root->disk.faults());
  if (done) done = make_directory_of(root->disk, digest);
  if (done) done = root->disk.rename(side_, side_path(digest));
  side_is_named_ = done.has_value();
  return done;
}

Result<void> Reserved::State::give_name() {
  const Disk& disk = root->disk;
  auto is_new = disk.rename_new(temporary_, data_path(digest));
  if (is_new && !*is_new && (replaces || !open_layer(disk, digest))) {
    // A file of that name which is not the layer, or not its bytes: nobody holds it, ours takes its place.
    const auto removed = disk.remove(data_path(digest));
    if (!removed) return removed;
    is_new = disk.rename_new(temporary_, data_path(digest));
  }
  if (!is_new) return tl::unexpected(is_new.error());
  data_is_named_ = *is_new;
  const auto synced = disk.sync_directory(directory_of(digest));
  if (!synced || !is_partial_) return synced;
  const auto removed = disk.remove(record_path(digest));
  if (!removed) log::warning("store", "cannot remove a file", {{"cause", removed.error().what}});
  return {};  // the next start removes a record without its layer
}

}  // namespace shoal::store
