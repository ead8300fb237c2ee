// The names of layers below the store's directory, and the files of a visible layer. Inside this room only.
//
// Threads: any.
#pragma once

#include <string>

#include "shared/core/digest.hpp"
#include "shared/store/disk/disk.hpp"
#include "shared/store/side_file.hpp"

namespace shoal::store {

std::string directory_of(const Digest& digest);  // "layers/sha256/ab"
std::string data_path(const Digest& digest);
std::string side_path(const Digest& digest);
std::string partial_path(const Digest& digest);  // "partial/sha256-abcd..."
std::string record_path(const Digest& digest);   // the same and ".pieces"

// Both files of a visible layer that agree with each other and its name.
struct LayerFiles {
  File data;  // for reading
  SideFile side;
};
// `not_found` or `corrupt` when there is no such layer, other kinds when the system cannot tell now.
Result<LayerFiles> open_layer(const Disk& disk, const Digest& digest);

// The data file first: without it the layer is gone. A side file that cannot be removed is left to the next start.
Result<void> remove_layer(const Disk& disk, const Digest& digest);
Result<void> remove_partial(const Disk& disk, const Digest& digest);
// A file that is of no use any more. A failure is logged: the next start removes what is left.
void remove_leftover(const Disk& disk, const std::string& path);

}  // namespace shoal::store
