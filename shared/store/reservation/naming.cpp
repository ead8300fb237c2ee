#include "shared/store/reservation/naming.hpp"

#include <fcntl.h>

#include "shared/store/disk/layer_files.hpp"

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

Result<void> write_side(const Disk& disk, const std::string& path, const SideFile& side) {
  const auto out = disk.open(path, O_WRONLY | O_CREAT | O_EXCL);
  if (!out) return tl::unexpected(out.error());
  auto done = out->write_at(0, encode_side(side));
  if (done) done = out->sync();
  if (done) done = make_directory_of(disk, side.digest);
  if (done) done = disk.rename(path, side_path(side.digest));
  if (!done) remove_leftover(disk, path);
  return done;
}

// False when the layer is there already, from another pull.
Result<bool> name_data(const Reservation& reservation) {
  const Disk& disk = reservation.root()->disk;
  const std::string name = data_path(reservation.digest());
  auto is_ours = disk.rename_new(reservation.names()->data, name);
  if (!is_ours || *is_ours) return is_ours;
  if (!reservation.replaces_corrupt() && open_layer(disk, reservation.digest())) return false;
  // A file of that name that is not the layer, or not its bytes: no node holds it, ours takes its place.
  const auto removed = disk.remove(name);
  if (!removed) return tl::unexpected(removed.error());
  return disk.rename_new(reservation.names()->data, name);
}

}  // namespace

OwnedName::~OwnedName() {
  if (!root_) return;
  const Disk& disk = root_->disk;
  if (of_ == Of::data) remove_leftover(disk, data_path(digest_));
  // Another pull's data file needs its side file.
  if (of_ == Of::side && !disk.exists(data_path(digest_))) remove_leftover(disk, side_path(digest_));
}

Result<Written> Written::make(std::shared_ptr<Reservation> reservation, const SideFile& side) {
  if (!reservation->names()) return fail(ErrorKind::refused, "commit a layer: its file has its name already");
  const auto synced = reservation->file()->sync();
  if (!synced) {
    reservation->discard();  // the kernel may have dropped the pages, whatever a later fsync says
    return tl::unexpected(synced.error());
  }
  const auto written = write_side(reservation->root()->disk, reservation->names()->side, side);
  if (!written) return tl::unexpected(written.error());
  OwnedName name(OwnedName::Of::side, *reservation);
  return Written(std::move(reservation), std::move(name));
}

Result<Named> Written::give_name() && {
  const Disk& disk = reservation_->root()->disk;
  const bool has_record = reservation_->names()->is_partial;
  const auto is_ours = name_data(*reservation_);
  if (!is_ours) return tl::unexpected(is_ours.error());
  std::optional<OwnedName> data;
  if (*is_ours) {
    data.emplace(OwnedName::Of::data, *reservation_);
    reservation_->data_was_named();
  }
  const auto synced = disk.sync_directory(directory_of(reservation_->digest()));
  if (data && has_record) remove_leftover(disk, record_path(reservation_->digest()));
  if (!synced) return tl::unexpected(synced.error());
  return Named(std::move(reservation_), std::move(side_), std::move(data));
}

void Named::adopt() {
  if (data_) data_->keep();
  side_.keep();
  reservation_->end();
}

}  // namespace shoal::store
