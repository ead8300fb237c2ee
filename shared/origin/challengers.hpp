// Challengers: the host that a repository's callers are challenged by, where it is not the registry that they name but
// one that it redirects to. Their authorization is for that host, and goes to it alone.
//
// Threads: the loop.
#pragma once

#include <optional>
#include <string>
#include <unordered_map>

namespace shoal::origin {

class Challengers {
 public:
  std::optional<std::string> find(const std::string& repository) const {
    const auto found = hosts_.find(repository);
    return found == hosts_.end() ? std::nullopt : std::optional(found->second);
  }
  void store(const std::string& repository, std::string host) {
    if (hosts_.size() >= most_repositories) hosts_.clear();
    hosts_.insert_or_assign(repository, std::move(host));
  }
  void remove(const std::string& repository) { hosts_.erase(repository); }

 private:
  static constexpr std::size_t most_repositories = 1'024;  // all are forgotten beyond: their callers are challenged anew
  std::unordered_map<std::string, std::string> hosts_;
};

}  // namespace shoal::origin
