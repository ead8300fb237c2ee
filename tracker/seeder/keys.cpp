#include "tracker/seeder/keys.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <filesystem>

#include "shared/core/secret.hpp"
#include "shared/log/log.hpp"

namespace shoal::tracker::seeder {
namespace {

using Key = std::array<std::byte, 32>;

constexpr std::size_t key_bytes = 32;
constexpr std::size_t longest_file = 4'096;  // one that is named by mistake is not read whole

// The store's own keys have no other name. A file that the configuration names may be a link, as Kubernetes' secrets are.
enum class Link : bool { refused, followed };

class Descriptor {
 public:
  explicit Descriptor(int number) : number_(number) {}
  ~Descriptor() {
    if (number_ >= 0) ::close(number_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int number() const { return number_; }

 private:
  int number_;
};

// Others than the owner and, of a file that the configuration names, its group.
void warn_of_readers(const std::string& path, const struct stat& status, Link link) {
  const mode_t others = link == Link::refused ? S_IRWXG | S_IRWXO : S_IRWXO | S_IWGRP;
  if ((status.st_mode & others) == 0) return;
  log::warning("seeder", "key open to others",
               {{"file", path},
                {"cause", "its mode lets other users of this host read or change it"},
                {"next", "chmod 600 it; if others use this host, put a new key in its place and restart all trackers"}});
}

Secret read_text(const std::string& path, Link link) {
  // No waiting for the other end of a pipe.
  const int flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | (link == Link::refused ? O_NOFOLLOW : 0);
  const Descriptor file(::open(path.c_str(), flags));
  if (file.number() < 0 && errno == ELOOP && link == Link::refused)
    throw StartError(path + " is a symbolic link, and another file's content would become the key; put the key itself there, "
                     "or name its file in [control] swarm_key_file");
  if (file.number() < 0) throw StartError("cannot read the key in " + path + "; make it readable");
  struct stat status {};
  if (::fstat(file.number(), &status) != 0 || !S_ISREG(status.st_mode))
    throw StartError(path + " is no file; put the key itself there");
  warn_of_readers(path, status, link);
  std::array<char, longest_file> bytes{};
  const ssize_t size = ::read(file.number(), bytes.data(), bytes.size());
  Secret text(std::string_view(bytes.data(), static_cast<std::size_t>(std::max<ssize_t>(size, 0))));
  wipe(std::as_writable_bytes(std::span(bytes)));
  return text;
}

// The first line.
Key read_key(const std::string& path, Link link) {
  const Secret content = read_text(path, link);
  const std::string_view text = content.reveal();
  auto bytes = parse_hex(text.substr(0, text.find('\n')));
  if (!bytes || bytes->size() != key_bytes)
    throw StartError(path + " does not hold a key: 64 lower-case hexadecimal digits");
  Key key{};
  std::copy(bytes->begin(), bytes->end(), key.begin());
  wipe(*bytes);
  return key;
}

// Closes the descriptor. A key that is not durable would be another one after a power cut.
bool write_durably(int descriptor, std::string_view text) {
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

// Under another name first: a key file is either absent or whole. What stands under that name, the rest of a start that was
// cut off or a link that somebody has put there, is removed and never written to.
void make_key(const std::string& path) {
  const std::string unfinished = path + ".new";
  ::unlink(unfinished.c_str());
  const int descriptor = ::open(unfinished.c_str(), O_CREAT | O_EXCL | O_NOFOLLOW | O_WRONLY | O_CLOEXEC, 0600);
  if (descriptor < 0) throw StartError(from_errno(errno, "make the key " + unfinished).what);
  Bytes key = random_bytes(key_bytes);
  const Secret digits(hex_text(key));
  wipe(key);
  const bool done = write_durably(descriptor, Secret::of({digits.reveal(), "\n"}).reveal());
  if (!done || ::rename(unfinished.c_str(), path.c_str()) != 0 || !sync_directory_of(path)) {
    throw StartError(from_errno(errno, "write the key " + path).what);
  }
}

// A link that leads nowhere is there too.
Key open_key(const std::string& path) {
  struct stat status {};
  if (::lstat(path.c_str(), &status) != 0 && errno == ENOENT) make_key(path);
  return read_key(path, Link::refused);
}

}  // namespace

Keys open_keys(const std::string& directory, const std::string& swarm_key_file) {
  const Key swarm =
      swarm_key_file.empty() ? open_key(directory + "/swarm.key") : read_key(swarm_key_file, Link::followed);
  Key seed = open_key(directory + "/signing.key");
  auto signing = SigningKey::from_seed(seed);
  wipe(MutableBytes(seed));
  if (!signing) throw StartError(signing.error().what);
  return {swarm, std::move(*signing)};
}

}  // namespace shoal::tracker::seeder
