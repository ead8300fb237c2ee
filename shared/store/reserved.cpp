#include "shared/store/reserved.hpp"

#include <fcntl.h>

#include "shared/core/check.hpp"
#include "shared/log/log.hpp"

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

Reserved::State::State(std::shared_ptr<Root> root_in, const Digest& digest_in, ByteCount size_in, std::string temporary)
    : root(std::move(root_in)), digest(digest_in), size(size_in), temporary_(std::move(temporary)) {
  root->reserved_bytes += size.value;
}

Reserved::State::~State() {
  if (adopted_) return;
  drop_names();
  root->reserved_bytes -= size.value;
}

void Reserved::State::adopt() {
  SHOAL_CHECK(!adopted_);
  // Somebody else had made the layer visible: its files serve, ours goes.
  if (!data_is_named_) drop_names();
  adopted_ = true;
  root->reserved_bytes -= size.value;
}

void Reserved::State::drop_names() {
  const auto drop = [&](const std::string& path) {
    const auto removed = root->disk.remove(path);
    if (!removed) log::warning("store", "cannot remove a file", {{"cause", removed.error().what}});
  };
  if (data_is_named_) {
    drop(data_path(digest));
  } else {
    drop(temporary_);
    drop(temporary_ + ".side");
  }
  if (side_is_named_ && !root->disk.exists(data_path(digest))) drop(side_path(digest));
}

Result<void> Reserved::State::make_file() {
  auto made = root->disk.open(temporary_, O_RDWR | O_CREAT | O_EXCL);
  if (!made) return tl::unexpected(made.error());
  const auto allocated = allocate(made->number(), size.value, root->disk.faults());
  if (!allocated) return allocated;
  file = std::make_shared<PieceFile>(made->release(), PieceLayout(size), root->disk.faults());
  return {};
}

Result<void> Reserved::State::write_side(const Side& side) {
  const std::string path = temporary_ + ".side";
  const auto out = root->disk.open(path, O_WRONLY | O_CREAT | O_EXCL);
  if (!out) return tl::unexpected(out.error());
  auto done = write_at(out->number(), 0, encode_side(side), root->disk.faults());
  if (done) done = sync(out->number(), root->disk.faults());
  if (done) done = make_directory_of(root->disk, digest);
  if (done) done = root->disk.rename(path, side_path(digest));
  side_is_named_ = done.has_value();
  return done;
}

Result<void> Reserved::State::give_name() {
  const Disk& disk = root->disk;
  auto is_new = disk.rename_new(temporary_, data_path(digest));
  if (is_new && !*is_new && !open_layer(disk, digest)) {
    // A file of that name which is not the layer: nobody holds it, ours takes its place.
    const auto removed = disk.remove(data_path(digest));
    if (!removed) return removed;
    is_new = disk.rename_new(temporary_, data_path(digest));
  }
  if (!is_new) return tl::unexpected(is_new.error());
  data_is_named_ = *is_new;
  return disk.sync_directory(directory_of(digest));
}

}  // namespace shoal::store
