// The start of a store: its directory is opened, locked, made ready, and searched for what it holds.
#include <fcntl.h>
#include <sys/file.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>

#include "shared/log/log.hpp"
#include "shared/store/record.hpp"
#include "shared/store/root.hpp"

namespace shoal::store {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view side_ending = ".side";
constexpr std::string_view record_ending = ".pieces";

[[noreturn]] void refuse(const Options& options, const std::string& cause, const std::string& remedy) {
  throw StartError("cannot use the store at " + options.path + ": " + cause + "; " + remedy);
}

[[noreturn]] void refuse(const Options& options, const Error& error) {
  if (error.kind == ErrorKind::refused) {
    refuse(options, error.what, "let this user write there or give [store] path a directory that it may write");
  }
  if (error.kind == ErrorKind::no_space)
    refuse(options, error.what, "free space there or give [store] path another disk");
  refuse(options, error.what, "give [store] path a directory on a local disk");
}

template <class T>
T need(const Options& options, Result<T> result) {
  if (!result) refuse(options, result.error());
  if constexpr (!std::is_void_v<T>) return std::move(*result);
}

Descriptor open_directory(const Options& options) {
  std::error_code error;
  const bool is_new = fs::create_directories(options.path, error);
  if (!error && is_new) fs::permissions(options.path, fs::perms::owner_all, error);
  if (error) refuse(options, from_errno(error.value(), "make the directory"));
  const int directory = ::open(options.path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (directory < 0) refuse(options, from_errno(errno, "open the directory"));
  return Descriptor(directory);
}

Descriptor take_lock(const Options& options, const Disk& disk) {
  Descriptor lock = need(options, disk.open("lock", O_RDWR | O_CREAT));
  if (::flock(lock.number(), LOCK_EX | LOCK_NB) == 0) return lock;
  if (errno == EWOULDBLOCK) {
    refuse(options, "it is in use by another process", "stop it or give [store] path another directory");
  }
  refuse(options, from_errno(errno, "lock it"));
}

void make_directories(const Options& options, const Disk& disk) {
  for (const char* path : {"tmp", "partial", "layers", "layers/sha256", "layers/sha512"})
    need(options, disk.make_directory(path));
  for (const char* path : {".", "layers"}) need(options, disk.sync_directory(path));
}

void empty_temporaries(const Options& options) {
  std::error_code error;
  for (fs::directory_iterator entry(options.path + "/tmp", error), end; !error && entry != end;
       entry.increment(error)) {
    fs::remove_all(entry->path(), error);
    if (error) break;
  }
  if (error) refuse(options, from_errno(error.value(), "empty tmp/"));
}

// Finds out now, and not at the first layer, whether this file system can do what a commit needs.
void try_rename(const Options& options, const Disk& disk) {
  need(options, disk.remove("layers/probe"));
  need(options, disk.open("tmp/probe", O_RDWR | O_CREAT | O_EXCL));
  need(options, disk.rename_new("tmp/probe", "layers/probe"));
  need(options, disk.remove("layers/probe"));
}

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
  if (error) refuse(options, from_errno(error.value(), "read " + directory));
  return files;
}

// A partial layer whose record belongs to it.
Result<Found> look_at_partial(const Disk& disk, const std::string& name) {
  std::string digest_text = name;
  std::ranges::replace(digest_text, '-', ':');
  const auto digest = Digest::parse(digest_text);
  if (!digest) return tl::unexpected(digest.error());
  const auto status = disk.look(partial_path(*digest));
  if (!status) return tl::unexpected(status.error());
  const ByteCount size{status->size_bytes};
  auto noted = disk.open(record_path(*digest), O_RDWR);
  if (!noted) return tl::unexpected(noted.error());
  const auto record = Record::open(std::move(*noted), *digest, size, disk.faults());
  if (!record) return tl::unexpected(record.error());
  if ((*record)->empty()) return fail(ErrorKind::corrupt, "no piece of it was written");
  return Found{*digest, size, status->last_used_nanoseconds};
}

// Its side file is read when the layer is first wanted: a start with ten thousand layers reads no file.
std::optional<Found> look_at(const Disk& disk, const Digest& digest, bool has_side) {
  const auto status = disk.look(data_path(digest));
  if (status && has_side) return Found{digest, {status->size_bytes}, status->last_used_nanoseconds};
  const std::string cause = status ? "it has no side file" : status.error().what;
  const bool is_gone = status || status.error().kind == ErrorKind::corrupt;
  if (!is_gone) {
    log::warning("store", "cannot look at a layer", {{"digest", digest.text()}, {"cause", cause}});
    return std::nullopt;
  }
  log::warning("store", "removes a layer that is not whole", {{"digest", digest.text()}, {"cause", cause}});
  const auto removed = remove_layer(disk, digest);
  if (!removed) log::warning("store", "cannot remove a layer", {{"cause", removed.error().what}});
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
      if (auto layer = look_at(disk, *digest, has_side)) found.push_back(std::move(*layer));
    } else if (!std::ranges::binary_search(files, fs::path(file).replace_extension())) {
      const auto removed = disk.remove(side_path(*digest));
      if (!removed) log::warning("store", "cannot remove an orphan", {{"cause", removed.error().what}});
    }
  }
}

}  // namespace

std::shared_ptr<Root> open_root(const Options& options) {
  Disk disk(open_directory(options), options.faults);
  Descriptor lock = take_lock(options, disk);
  make_directories(options, disk);
  empty_temporaries(options);
  try_rename(options, disk);
  return std::shared_ptr<Root>(new Root{std::move(disk), std::move(lock)});
}

std::vector<Found> take_stock(const Root& root, const Options& options) {
  std::vector<Found> found;
  for (const std::string algorithm : {"sha256", "sha512"}) {
    for (const fs::path& directory : files_of(options, "layers/" + algorithm)) {
      if (!fs::is_directory(directory)) continue;
      auto files = files_of(options, "layers/" + algorithm + "/" + directory.filename().string());
      std::ranges::sort(files);
      take_stock_of(root.disk, algorithm, files, found);
    }
  }
  std::ranges::sort(found, {}, &Found::last_used_nanoseconds);
  return found;
}

std::vector<Found> take_stock_of_partial(const Root& root, const Options& options) {
  std::vector<Found> found;
  auto files = files_of(options, "partial");
  std::ranges::sort(files);  // each data file before its record
  for (const fs::path& file : files) {
    const std::string name = file.filename().string();
    const bool is_record = name.ends_with(record_ending);
    if (is_record && root.disk.exists("partial/" + name.substr(0, name.size() - record_ending.size()))) continue;
    auto layer = is_record ? Result<Found>(fail(ErrorKind::corrupt, "a record without its layer"))
                           : look_at_partial(root.disk, name);
    if (layer) {
      found.push_back(std::move(*layer));
      continue;
    }
    log::info("store", "removes a partial layer", {{"file", name}, {"cause", layer.error().what}});
    std::error_code error;
    fs::remove_all(file, error);
    if (error) refuse(options, from_errno(error.value(), "empty partial/"));
  }
  std::ranges::sort(found, {}, &Found::last_used_nanoseconds);
  return found;
}

}  // namespace shoal::store
