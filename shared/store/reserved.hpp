// Reserved::State: one layer on its way into the store. Inside this room only.
//
// Threads: made and adopted on the loop; `commit` works on it on a pool thread meanwhile, and the last copy may be
// dropped on any. The caller orders these; what is shared with others is the disk and one atomic count.
#pragma once

#include "shared/store/root.hpp"

namespace shoal::store {

struct Reserved::State {
  State(std::shared_ptr<Root> root, const Digest& digest, ByteCount size, std::string temporary);
  ~State();  // gives back the reservation, and every name that no adopted layer needs
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  Result<void> make_file();
  Result<void> write_side(const Side& side);
  Result<void> give_name();  // the data file becomes visible and both names durable
  void adopt();              // the reservation ends, the names stay

  std::shared_ptr<Root> root;
  Digest digest;
  ByteCount size;
  std::shared_ptr<PieceFile> file;

 private:
  void drop_names();
  std::string temporary_;  // "tmp/..."; the side file's is the same with ".side"
  bool side_is_named_ = false;
  bool data_is_named_ = false;
  bool adopted_ = false;
};

}  // namespace shoal::store
