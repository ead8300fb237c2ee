#include "shared/store/disk/layer_files.hpp"

#include <fcntl.h>

#include <algorithm>

#include "shared/log/log.hpp"

namespace shoal::store {
namespace {

// The largest layer has 2^20 pieces; the rest of a side file is small.
constexpr std::uint64_t largest_side_file_bytes = (1 << 20) * sizeof(Hash256) + (1 << 16);

Result<SideFile> read_side(const Disk& disk, const Digest& digest) {
  const auto file = disk.open(side_path(digest), O_RDONLY);
  if (!file) return tl::unexpected(file.error());
  const auto size = file->size();
  if (!size) return tl::unexpected(size.error());
  if (*size > largest_side_file_bytes) return fail(ErrorKind::corrupt, "side file: too long");
  Bytes bytes(*size);
  const auto read = file->read_at(0, bytes);
  if (!read) return tl::unexpected(read.error());
  return decode_side(bytes);
}

}  // namespace

std::string directory_of(const Digest& digest) {
  const char* algorithm = digest.algorithm() == DigestAlgorithm::sha256 ? "sha256" : "sha512";
  return std::string("layers/") + algorithm + "/" + digest.hex().substr(0, 2);
}

std::string data_path(const Digest& digest) {
  return directory_of(digest) + "/" + digest.hex();
}

std::string side_path(const Digest& digest) {
  return data_path(digest) + ".side";
}

std::string partial_path(const Digest& digest) {
  std::string name = digest.text();
  std::ranges::replace(name, ':', '-');
  return "partial/" + name;
}

std::string record_path(const Digest& digest) {
  return partial_path(digest) + ".pieces";
}

Result<LayerFiles> open_layer(const Disk& disk, const Digest& digest) {
  auto data = disk.open(data_path(digest), O_RDONLY);
  if (!data) return tl::unexpected(data.error());
  const auto size = data->size();
  if (!size) return tl::unexpected(size.error());
  auto side = read_side(disk, digest);
  if (!side) return tl::unexpected(side.error());
  if (side->digest != digest || side->size_bytes != *size) {
    return fail(ErrorKind::corrupt, "the side file describes another layer");
  }
  return LayerFiles{std::move(*data), std::move(*side)};
}

Result<void> remove_layer(const Disk& disk, const Digest& digest) {
  auto removed = disk.remove(data_path(digest));
  if (!removed) return removed;
  const auto orphan = disk.remove(side_path(digest));
  if (!orphan) log::warning("store", "cannot remove a side file",
                            {{"cause", orphan.error().what}, {"next", "look at the disk and the store's permissions"}});
  return {};
}

void remove_leftover(const Disk& disk, const std::string& path) {
  const auto removed = disk.remove(path);
  if (!removed) log::warning("store", "cannot remove a file",
                             {{"cause", removed.error().what},
                              {"next", "look at the disk and the store's permissions"}});
}

Result<void> remove_partial(const Disk& disk, const Digest& digest) {
  auto removed = disk.remove(partial_path(digest));
  if (!removed) return removed;
  return disk.remove(record_path(digest));
}

}  // namespace shoal::store
