// ClientHeader: the header that the clients of this node share ([registry] client_header_file). It keeps all other users
// of the host off the endpoint. It goes no further: no question to an origin has it.
//
// The file has one line, "Name: value", and is read again as soon as it has changed. While it cannot be used, the last
// header counts; without one, no request is admitted. Neither name nor value is ever logged.
// Threads: the loop, which reads a small local file.
#pragma once

#include <sys/stat.h>

#include <optional>
#include <string>
#include <vector>

#include "shared/core/clock.hpp"
#include "shared/core/result.hpp"
#include "shared/core/secret.hpp"
#include "shared/http/message.hpp"

namespace shoal::agent::registry {

struct SharedHeader {
  std::string name;
  Secret value;
};

class ClientHeader {
 public:
  ClientHeader(const Clock& clock, std::string file);  // empty: every request is admitted

  // Whether it has the header exactly once, with exactly this value; the value is compared in constant time.
  bool admits(const http::Request& request);

 private:
  void look();
  void read();

  const Clock& clock_;
  std::string file_;
  std::optional<SharedHeader> header_;
  struct stat seen_ {};      // as the file was when it was read
  Time seen_since_{};        // for the first time
  bool is_settled_ = false;  // no change can be unseen any more
};

// `refused`: the file cannot be read, is not one line of that form, or names a header that has a meaning of its own.
Result<SharedHeader> read_client_header(const std::string& file);

// What makes it no secret: others may read the file, or guess the value.
std::vector<std::string> doubts_about_client_header(const std::string& file, const SharedHeader& header);

}  // namespace shoal::agent::registry
