#include "shared/store/disk/refuse_start.hpp"

namespace shoal::store {

void refuse_start(const Options& options, const std::string& cause, const std::string& remedy) {
  throw StartError("cannot use the store at " + options.path + ": " + cause + "; " + remedy);
}

void refuse_start(const Options& options, const Error& error) {
  if (error.kind == ErrorKind::refused) {
    refuse_start(options, error.what, "let this user write there or give [store] path a directory that it may write");
  }
  if (error.kind == ErrorKind::no_space)
    refuse_start(options, error.what, "free space there or give [store] path another disk");
  refuse_start(options, error.what, "give [store] path a directory on a local disk");
}

}  // namespace shoal::store
