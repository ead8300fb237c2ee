#include "shared/store/disk/stock.hpp"

#include <fcntl.h>

#include <algorithm>
#include <filesystem>

#include "shared/log/log.hpp"
#include "shared/store/disk/layer_files.hpp"
#include "shared/store/disk/record.hpp"
#include "shared/store/disk/refuse_start.hpp"

namespace shoal::store {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view side_ending = ".side";
constexpr std::string_view record_ending = ".pieces";

// The digest that a file's name stands for, if it is one and the file is in its directory.
std::optional<Digest> digest_of_name(std::string_view algorithm, const fs::path& file) {
  std::string name = file.filename().string();
  if (name.ends_with(side_ending)) name.resize(name.size() - side_ending.size());
  const auto digest = Digest::parse(std::string(algorithm) + ":" + name);
  if (!digest || file.parent_path().filename() != name.substr(0, 2)) return std::nullopt;
  return *digest;
}

std::vector<fs::path> files_of(const Options& options, const std::string& directory) {
  std::vector<fs::path> files;
  std::error_code error;
  fs::directory_iterator entry(options.path + "/" + directory, error);
  for (; !error && entry != fs::directory_iterator(); entry.increment(error)) files.push_back(entry->path());
  if (error) refuse_start(options, from_errno(error.value(), "read " + directory));
  return files;
}

// A partial layer whose record belongs to it.
Result<Found> find_partial(const Disk& disk, const std::string& name) {
  std::string digest_text = name;
  std::ranges::replace(digest_text, '-', ':');
  const auto digest = Digest::parse(digest_text);
  if (!digest) return tl::unexpected(digest.error());
  const auto status = disk.look(partial_path(*digest));
  if (!status) return tl::unexpected(status.error());
  const ByteCount size{status->size_bytes};
  auto noted = disk.open(record_path(*digest), O_RDWR);
  if (!noted) return tl::unexpected(noted.error());
  const auto record = Record::open(std::move(*noted), *digest, size);
  if (!record) return tl::unexpected(record.error());
  if ((*record)->empty()) return fail(ErrorKind::corrupt, "no piece of it was written");
  return Found{*digest, size, status->last_used_nanoseconds};
}

// Its side file is read when the layer is first requested: a start with ten thousand layers reads no file.
std::optional<Found> find_layer(const Disk& disk, const Digest& digest, bool has_side) {
  const auto status = disk.look(data_path(digest));
  if (status && has_side) return Found{digest, {status->size_bytes}, status->last_used_nanoseconds};
  const std::string cause = status ? "it has no side file" : status.error().what;
  const bool is_gone = status || status.error().kind == ErrorKind::corrupt;
  if (!is_gone) {
    log::warning("store", "cannot stat a layer",
                 {{"digest", digest.text()},
                  {"cause", cause},
                  {"next", "look at the disk and the store's permissions"}});
    return std::nullopt;
  }
  log::warning("store", "incomplete layer removed",
               {{"digest", digest.text()},
                {"cause", cause},
                {"next", "without a power cut before it: look at the disk"}});
  const auto removed = remove_layer(disk, digest);
  if (!removed) log::warning("store", "cannot remove a layer",
                             {{"cause", removed.error().what},
                              {"next", "look at the disk and the store's permissions"}});
  return std::nullopt;
}

// One of the directories of two hexadecimal digits.
void take_stock_of(const Disk& disk, std::string_view algorithm, const std::vector<fs::path>& files,
                   std::vector<Found>& found) {
  for (const fs::path& file : files) {
    const auto digest = digest_of_name(algorithm, file);
    if (!digest) continue;
    if (!file.string().ends_with(side_ending)) {
      const bool has_side = std::ranges::binary_search(files, fs::path(file.string() + std::string(side_ending)));
      if (auto layer = find_layer(disk, *digest, has_side)) found.push_back(std::move(*layer));
    } else if (!std::ranges::binary_search(files, fs::path(file).replace_extension())) {
      const auto removed = disk.remove(side_path(*digest));
      if (!removed) log::warning("store", "cannot remove a side file",
                                 {{"cause", removed.error().what},
                                  {"next", "look at the disk and the store's permissions"}});
    }
  }
}

}  // namespace

std::vector<Found> take_stock(const Disk& disk, const Options& options) {
  std::vector<Found> found;
  for (const std::string algorithm : {"sha256", "sha512"}) {
    for (const fs::path& directory : files_of(options, "layers/" + algorithm)) {
      if (!fs::is_directory(directory)) continue;
      auto files = files_of(options, "layers/" + algorithm + "/" + directory.filename().string());
      std::ranges::sort(files);
      take_stock_of(disk, algorithm, files, found);
    }
  }
  std::ranges::sort(found, {}, &Found::last_used_nanoseconds);
  return found;
}

std::vector<Found> take_stock_of_partial(const Disk& disk, const Options& options) {
  std::vector<Found> found;
  auto files = files_of(options, "partial");
  std::ranges::sort(files);  // each data file before its record
  for (const fs::path& file : files) {
    const std::string name = file.filename().string();
    const bool is_record = name.ends_with(record_ending);
    if (is_record && disk.exists("partial/" + name.substr(0, name.size() - record_ending.size()))) continue;
    auto layer = is_record ? Result<Found>(fail(ErrorKind::corrupt, "a record without its layer"))
                           : find_partial(disk, name);
    if (layer) {
      found.push_back(std::move(*layer));
      continue;
    }
    log::info("store", "unusable partial layer removed", {{"file", name}, {"cause", layer.error().what}});
    std::error_code error;
    fs::remove_all(file, error);
    if (error) refuse_start(options, from_errno(error.value(), "empty partial/"));
  }
  std::ranges::sort(found, {}, &Found::last_used_nanoseconds);
  return found;
}

}  // namespace shoal::store
