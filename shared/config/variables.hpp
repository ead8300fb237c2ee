// Variables: environment variables that stand for keys, for what differs per node: SHOAL_<SECTION>_<KEY>. Pure.
//
// Threads: any.
#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace shoal::config {

using Variables = std::map<std::string, std::string>;  // by name

// "SHOAL_NODE_NAME" of the section "node" and the key "name": upper case, "_" for each dot and dash.
std::string variable_name(std::string_view section, std::string_view key);

// The variables of one reading, and which of them keys have asked for.
class Environment {
 public:
  explicit Environment(const Variables& given) : given_(given) {}

  // The key's variable; null when it is not set.
  const std::string* find(std::string_view section, std::string_view key) const;
  // The same when the key is read: the name is one of those that there are from now on.
  const std::string* take(std::string_view section, std::string_view key);
  // The value of another program's variable, such as HTTPS_PROXY; empty when it is not set.
  std::string other(const std::string& name) const;

  // One line for each SHOAL_ variable that is no key's, with the names that it may have meant. Those that Kubernetes
  // sets for a service of such a name ("SHOAL_TRACKER_SERVICE_HOST", "SHOAL_TRACKER_PORT_7080_TCP") are none.
  std::vector<std::string> unknown() const;

 private:
  const Variables& given_;
  std::set<std::string> names_;
};

}  // namespace shoal::config
