#include "agent/pull/failures.hpp"

#include "shared/log/log.hpp"

namespace shoal::agent::pull {
namespace {

// What the reader of a pull's failure does.
std::string_view next_step(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::not_found:
      return "look at the image's name";
    case ErrorKind::refused:
      return "look at the credential and the certificate of the registry, and at the cause";
    case ErrorKind::corrupt:
      return "repair the registry, or a proxy before it";
    case ErrorKind::no_space:
      return "free space on the store's file system, or raise [store] capacity";
    case ErrorKind::unavailable:
      return "look at the registry and the tracker";
  }
  return "look at the registry and the tracker";
}

}  // namespace

void tell_failure(const Ask& ask, const Error& error, bool again, Metrics& metrics) {
  const std::initializer_list<log::Field> fields = {{"digest", ask.digest.text()},
                                                    {"image", ask.image()},
                                                    {"kind", text(error.kind)},
                                                    {"cause", error.what},
                                                    {"next", next_step(error.kind)}};
  if (again) {
    log::warning("pull", "layer corrupt, pulled again", fields);
  } else if (error.kind == ErrorKind::no_space) {  // its readers get it passed through
    metrics.uncached_layers.add();
    log::warning("pull", "layer not cached", fields);
  } else if (error.kind == ErrorKind::refused && error.answered) {  // a runtime asks without a credential first
    metrics.outcomes.refused_layers.add();
    log::info("pull", "layer refused to the caller", fields);
  } else if (error.kind == ErrorKind::not_found) {  // the caller's mistake, or its question
    metrics.outcomes.unknown_layers.add();
    log::info("pull", "layer not found", fields);
  } else {
    metrics.pulls_failed.add();
    log::error("pull", "layer not pulled", fields);
  }
}

}  // namespace shoal::agent::pull
