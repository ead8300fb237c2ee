#include "tracker/seeder/keys.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <fstream>

namespace shoal::tracker::seeder {
namespace {

constexpr std::size_t key_bytes = 32;

Bytes read_key(const std::string& path) {
  std::ifstream file(path);
  std::string text;
  if (!file || !std::getline(file, text)) throw StartError("cannot read the key in " + path + "; make it readable");
  const auto key = parse_hex(text);
  if (!key || key->size() != key_bytes)
    throw StartError(path + " does not hold a key: 64 lower-case hexadecimal digits");
  return *key;
}

// Closes the descriptor. A key that is not durable would be another one after a power cut.
bool write_durably(int descriptor, const std::string& text) {
  const bool written = ::write(descriptor, text.data(), text.size()) == static_cast<ssize_t>(text.size());
  const bool durable = written && ::fsync(descriptor) == 0;
  return ::close(descriptor) == 0 && durable;
}

bool sync_directory_of(const std::string& path) {
  const std::string directory = std::filesystem::path(path).parent_path().string();
  const int descriptor = ::open(directory.empty() ? "." : directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0) return false;
  const bool durable = ::fsync(descriptor) == 0;
  return ::close(descriptor) == 0 && durable;
}

// Under another name first: a key file is either absent or whole.
void make_key(const std::string& path) {
  const std::string unfinished = path + ".new";
  const int descriptor = ::open(unfinished.c_str(), O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0600);
  if (descriptor < 0) throw StartError(from_errno(errno, "make the key " + unfinished).what);
  const bool done = write_durably(descriptor, hex_text(random_bytes(key_bytes)) + "\n");
  if (!done || ::rename(unfinished.c_str(), path.c_str()) != 0 || !sync_directory_of(path)) {
    throw StartError(from_errno(errno, "write the key " + path).what);
  }
}

Bytes open_key(const std::string& path) {
  if (::access(path.c_str(), F_OK) != 0) make_key(path);
  return read_key(path);
}

}  // namespace

Keys open_keys(const std::string& directory, const std::string& swarm_key_file) {
  const Bytes swarm = swarm_key_file.empty() ? open_key(directory + "/swarm.key") : read_key(swarm_key_file);
  auto signing = SigningKey::from_seed(open_key(directory + "/signing.key"));
  if (!signing) throw StartError(signing.error().what);
  Keys keys{{}, std::move(*signing)};
  std::copy(swarm.begin(), swarm.end(), keys.swarm.begin());
  return keys;
}

}  // namespace shoal::tracker::seeder
