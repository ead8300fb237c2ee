// Bans: which nodes sent this one bytes that did not match their signed hash. By the name a node gave and the
// address it has, so that nobody is banned for what another does in its name.
//
// Threads: the swarm thread.
#pragma once

#include <map>
#include <string>

namespace shoal::swarm {

class Bans {
 public:
  // One more bad piece from that node; true when it is banned now.
  bool blame(const std::string& identity) {
    if (bad_pieces_.size() >= most_nodes && !bad_pieces_.contains(identity)) bad_pieces_.erase(bad_pieces_.begin());
    return ++bad_pieces_[identity] >= bad_pieces_for_ban;
  }
  bool banned(const std::string& identity) const {
    const auto found = bad_pieces_.find(identity);
    return found != bad_pieces_.end() && found->second >= bad_pieces_for_ban;
  }

 private:
  static constexpr int bad_pieces_for_ban = 2;  // one may be a broken memory cell on the way
  static constexpr std::size_t most_nodes = 4096;
  std::map<std::string, int> bad_pieces_;
};

}  // namespace shoal::swarm
