// CredentialProgram: one run of a docker-credential-* program, a credential helper, which gives the credential for a
// registry. It is a child in a process group of its own, with this program's environment and none of its descriptors.
// What it writes to standard error is dropped, for it may hold anything.
// Source: docker-credential-helpers, "Development": `get`, the server's address on standard input, JSON on standard output.
//
// Threads: a pool's; the call blocks until the program has ended.
#pragma once

#include <atomic>
#include <optional>
#include <string>

#include "shared/core/clock.hpp"
#include "shared/core/result.hpp"
#include "shared/core/units.hpp"
#include "shared/http/client.hpp"
#include "shared/origin/credential.hpp"

namespace shoal::origin {

inline constexpr Milliseconds helper_limit{10'000};         // one that asks a cloud's service takes a second or two
inline constexpr ByteCount largest_helper_answer{64 << 10};  // as the longest secret

// "ecr-login", or an absolute path.
bool is_helper_name(const std::string& name);
// The program's path: docker-credential-NAME in PATH, or the path that the name is. `file_unreadable` when it is not
// there, or cannot be run.
Result<std::string> find_helper(const std::string& name);

struct HelperRun {
  std::string program;  // its path
  std::string server;   // as server_address gives it
  http::Url registry;
};

// What a helper has written: `unavailable`, without a word of it, unless it is JSON with `Username` and `Secret`.
Result<Credential> parse_helper_answer(const HelperRun& run, const Secret& answer);

// Nothing when the helper says that it has none. `unavailable` when it fails, takes longer than `helper_limit`, sends more
// than `largest_helper_answer` or what is no credential; also when `is_ending` becomes true. It has ended in each case.
// The error never shows what it wrote.
Result<std::optional<Credential>> run_helper(const HelperRun& run, Clock& clock, const std::atomic<bool>& is_ending);

}  // namespace shoal::origin
