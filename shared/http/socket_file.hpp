// SocketFile: a Unix socket that clients of this machine find by its path, beside the TCP addresses of a server.
//
// The socket takes its name by a rename once it listens, so that no client meets a file that nobody answers. A file that
// an ended process left is replaced, one that a process listens on is an error. Mode 0660: root, the process's own user
// and its group may connect.
// Threads: the loop.
#pragma once

#include <sys/types.h>

#include <string>

#include "shared/core/result.hpp"

namespace shoal::http {

class SocketFile {
 public:
  // An absolute path of at most 103 bytes. Nothing is made yet. Throws StartError for whatever would keep it from being made: cause and what to do.
  SocketFile(std::string path, std::string name);
  ~SocketFile() { remove(); }
  SocketFile(const SocketFile&) = delete;
  SocketFile& operator=(const SocketFile&) = delete;

  // The descriptor that listens, the caller's; `unavailable` with cause and what to do.
  Result<int> open();
  // Unless another process has replaced the file.
  void remove();

 private:
  Result<void> check() const;
  Result<void> bind_and_listen(int descriptor) const;
  tl::unexpected<Error> cannot(const std::string& cause, const std::string& next) const;

  std::string path_;
  std::string name_;
  dev_t device_ = 0;
  ino_t inode_ = 0;  // 0: no file of ours
};

}  // namespace shoal::http
