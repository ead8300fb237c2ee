// Keys: the cluster's swarm key and the key that signs piece hashes.
//
// Files `swarm.key` and `signing.key` in the store's directory, 64 hexadecimal digits and a line end, mode 0600, made
// at the first start; the swarm key from a file of its own when several trackers share it. A key of the store that is a
// symbolic link is not used, and one that other users may read is warned of.
#pragma once

#include <string>

#include "shared/crypto/signing.hpp"
#include "shared/layer/swarm_name.hpp"

namespace shoal::tracker::seeder {

struct Keys {
  SwarmKey swarm;
  SigningKey signing;
};

// Throws StartError: a file that cannot be read or made, is a link in the store, or does not hold a key. `swarm_key_file` may be empty.
Keys open_keys(const std::string& directory, const std::string& swarm_key_file);

}  // namespace shoal::tracker::seeder
