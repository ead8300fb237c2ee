// Configured files: what [upstreams] names on this node's disk, read within limits. Errors name the file and never show
// what is in it; their fault is `file_unreadable`.
//
// Threads: any.
#pragma once

#include <string>
#include <vector>

#include "shared/core/result.hpp"
#include "shared/origin/upstreams.hpp"

namespace shoal::origin {

inline constexpr std::size_t longest_secret = 64 << 10;      // a file named by mistake; a token in a header has less
inline constexpr std::size_t longest_auth_file = 1 << 20;    // of docker or podman: some hundred registries
inline constexpr std::size_t longest_pem_file = 4 << 20;     // a system's whole bundle has 220 KB

tl::unexpected<Error> unreadable(std::string what);

// The whole file: `unreadable` when it is empty or longer.
Result<Secret> read_whole(const std::string& path, std::size_t longest);
// One line without its break. A password may also be a JSON object of several lines, as Google's service accounts have.
Result<std::string> read_username(const std::string& path);
Result<Secret> read_password(const std::string& path);
// The path, when the file has such a block.
Result<std::string> check_certificates(const std::string& path);
Result<std::string> check_private_key(const std::string& path);

// Both files of a credential; an empty one when neither is named. Errors begin with the key.
struct PasswordFiles {
  std::string username_key;
  std::string username_file;
  std::string password_key;
  std::string password_file;
};
Result<std::optional<Credential>> read_password_files(const PasswordFiles& files);

}  // namespace shoal::origin
