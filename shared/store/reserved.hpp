// Reserved::State: one layer on its way into the store. Inside this room only.
//
// A large layer's file and its record stand in partial/ under the layer's name and stay there when the pull ends
// without a layer, for the next one to take up. A small one's file is in tmp/ and goes with its pull.
//
// Threads: made and adopted on the loop; `commit` works on it on a pool thread meanwhile, and the last copy may be
// dropped on any. The caller orders these; what is shared with others is the disk and how it ended.
#pragma once

#include "shared/store/root.hpp"

namespace shoal::store {

// How a reservation ended, for the store to read on the loop.
enum class Fate { under_way, gone, left };

struct Reserved::State {
  enum class Place { disk, memory };
  // `number` makes the temporary names unique.
  State(std::shared_ptr<Root> root, const Digest& digest, ByteCount size, Place place, std::uint64_t number);
  ~State();  // every name goes that no adopted layer needs and no later pull can use
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  Result<void> make_file();
  Result<void> write_side(const Side& side);
  Result<void> give_name();  // the data file becomes visible and both names durable
  void adopt();              // the reservation ends, the names stay

  bool in_memory() const { return place_ == Place::memory; }
  bool has_name() const { return data_is_named_; }

  std::shared_ptr<Root> root;
  Digest digest;
  ByteCount size;
  std::shared_ptr<PieceFile> file;
  std::atomic<bool> discarded{false};
  bool replaces = false;  // the file that has the name is spoilt; set before `give_name`
  std::shared_ptr<std::atomic<Fate>> fate = std::make_shared<std::atomic<Fate>>(Fate::under_way);

 private:
  Result<void> make_in_memory();
  Result<void> make_on_disk();
  Result<void> take_up_left();
  bool can_be_taken_up() const;
  void drop_names(bool leave_partial);

  Place place_;
  bool is_partial_;        // its file is in partial/
  std::string temporary_;  // path of the data file until it has its name
  std::string side_;       // of the side file
  bool side_is_named_ = false;
  bool data_is_named_ = false;
  bool adopted_ = false;
};

}  // namespace shoal::store
