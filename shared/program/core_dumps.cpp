#include "shared/program/core_dumps.hpp"

#include <sys/prctl.h>
#include <sys/resource.h>

#include <optional>

#include "shared/log/log.hpp"

namespace shoal::program {
namespace {

std::optional<rlimit> limit_before;  // nothing: dumps are as they were

void allow_core_dumps() {
  if (limit_before) ::setrlimit(RLIMIT_CORE, &*limit_before);
  ::prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
  limit_before.reset();
}

}  // namespace

// The hard limit stays, so that a configuration may allow them again.
bool forbid_core_dumps() {
  rlimit limit{};
  if (::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0 || ::getrlimit(RLIMIT_CORE, &limit) != 0) return false;
  const rlimit none{0, limit.rlim_max};
  if (::setrlimit(RLIMIT_CORE, &none) != 0) return false;
  if (!limit_before) limit_before = limit;
  return true;
}

void configure_core_dumps(const ProcessOptions& options) {
  if (!options.core_dumps) return;
  allow_core_dumps();
  log::warning("program", "core dumps allowed",
               {{"cause", "[process] core_dumps is true: a dump of this program holds passwords and tokens"},
                {"next", "set core_dumps to false once the fault is found, and delete the dumps"}});
}

}  // namespace shoal::program
