// Any bytes, up to 4 MiB, in the files that an operator or a program of its own writes: passwords, users, certificates, the
// header of clients, docker's credentials. Each is refused or read, and no error shows what is in a file.
#include <sys/mman.h>
#include <unistd.h>

#include "agent/registry/client_header.hpp"
#include "shared/core/check.hpp"
#include "shared/origin/auth_file.hpp"
#include "shared/origin/configured_files.hpp"
#include "tests/fuzz/expanded.hpp"

using namespace shoal;
using namespace shoal::origin;

namespace {

// The path of a file with this content, the same each time.
std::string file_with(const std::string& content) {
  static const int descriptor = ::memfd_create("fuzz", MFD_CLOEXEC);
  SHOAL_CHECK(descriptor >= 0 && ::ftruncate(descriptor, 0) == 0);
  SHOAL_CHECK(::pwrite(descriptor, content.data(), content.size(), 0) == static_cast<ssize_t>(content.size()));
  return "/proc/self/fd/" + std::to_string(descriptor);
}

constexpr const char* canary = "c4nary-0123456789";

template <class T>
void check_error(const Result<T>& read, const std::string& path) {
  if (read) return;
  SHOAL_CHECK(read.error().fault == Fault::file_unreadable && read.error().what.starts_with(path + ": "));
  SHOAL_CHECK(read.error().what.find(canary) == std::string::npos);
}

void check_header(const std::string& path, const std::string& content) {
  const auto header = agent::registry::read_client_header(path);
  check_error(header, path);
  if (!header) return;
  SHOAL_CHECK(!header->name.empty() && header->name.find_first_of(" :\r\n") == std::string::npos);
  const std::string_view value = header->value.reveal();
  SHOAL_CHECK(!value.empty() && value.find_first_of("\r\n") == value.npos && content.find(value) != content.npos);
}

void check_file(const std::string& content) {
  const std::string path = file_with(content);
  const auto whole = read_whole(path, longest_auth_file);
  SHOAL_CHECK(whole.has_value() == (!content.empty() && content.size() <= longest_auth_file));
  SHOAL_CHECK(!whole || whole->reveal() == content);
  const auto password = read_password(path);
  check_error(password, path);
  if (password) {
    const std::string_view text = password->reveal();
    SHOAL_CHECK(!text.empty() && content.starts_with(text) && content.size() <= text.size() + 2);
    SHOAL_CHECK(text.find('\0') == text.npos && (text.find('\n') == text.npos || text.starts_with('{')));
  }
  const auto username = read_username(path);
  check_error(username, path);
  SHOAL_CHECK(!username || username->find(':') == std::string::npos);
  check_error(check_certificates(path), path);
  check_error(check_private_key(path), path);
  check_error(read_auth_file(path), path);
  check_header(path, content);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string content = expanded(data, size);
  check_file(content);
  check_file(canary + content);
  check_file(content + canary);
  return 0;
}
