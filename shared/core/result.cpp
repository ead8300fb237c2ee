#include "shared/core/result.hpp"

#include <cerrno>
#include <cstring>

namespace shoal::inline core {

Error from_errno(int error_number, const std::string& attempted) {
  ErrorKind kind = ErrorKind::unavailable;
  if (error_number == ENOENT) kind = ErrorKind::not_found;
  if (error_number == ENOSPC || error_number == EDQUOT || error_number == EFBIG) kind = ErrorKind::no_space;
  if (error_number == EACCES || error_number == EPERM || error_number == EROFS) kind = ErrorKind::refused;
  return Error{kind, attempted + ": " + std::strerror(error_number)};
}

const char* text(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::not_found:
      return "not found";
    case ErrorKind::unavailable:
      return "unavailable";
    case ErrorKind::corrupt:
      return "corrupt";
    case ErrorKind::refused:
      return "refused";
    case ErrorKind::no_space:
      return "no space";
  }
  return "unknown";
}

}  // namespace shoal::inline core
