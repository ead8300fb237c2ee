// Reserved and Committed: a layer on its way into the store, as its owner sees it.
//
// Reserved -> Committed -> HeldLayer: Store::reserve makes the first, Store::commit the second, Store::adopt the third.
#pragma once

#include <vector>

#include "shared/store/piece_file.hpp"
#include "shared/store/disk/record_format.hpp"
#include "shared/store/side_file.hpp"

namespace shoal::store {

class Reservation;  // only the store's own files know it
class Named;

// The room of a layer and its file. When the last copy is dropped, the room is free again; written pieces of a large
// layer stay as a partial layer, unless it is discarded.
class Reserved {
 public:
  explicit Reserved(std::shared_ptr<Reservation> reservation) : reservation_(std::move(reservation)) {}

  const Digest& digest() const;
  const FileHandle& file() const;
  bool in_memory() const;

  // What an earlier pull left in the file, if anything: each piece is to be rechecked before it counts. Any thread,
  // blocking.
  Result<std::vector<NotedPiece>> left() const;
  Generation left_generation() const;
  // The pieces to come belong to this generation. Noted pieces of another generation are erased.
  Result<void> start_generation(Generation generation) const;
  // Some of the pieces to come were verified by no swarm: a later pull resumes from them at an origin only.
  Result<void> leave_generations() const;
  // The registry that the pieces to come are from; empty: several, or not known. With pieces that are there of another one,
  // it is not known any more.
  void note_source(const std::string& registry) const;
  bool is_left_of(const std::string& registry) const;
  // The bytes proved wrong: nothing of them stays. Any thread.
  void discard() const;

  const std::shared_ptr<Reservation>& reservation() const { return reservation_; }

 private:
  // Shared: with the closures that write and commit on the pool.
  std::shared_ptr<Reservation> reservation_;
};

// What `commit` made durable, for `adopt`. Dropping it instead removes the layer again, unless another pull had made
// it visible.
class Committed {
 public:
  // `named`: none for a layer in memory.
  Committed(std::shared_ptr<Reservation> reservation, std::unique_ptr<Named> named, SideFile side);
  Committed(Committed&& other) noexcept;
  Committed& operator=(Committed&&) noexcept;
  ~Committed();

  const std::shared_ptr<Reservation>& reservation() const { return reservation_; }
  const std::unique_ptr<Named>& named() const { return named_; }
  SideFile& side() { return side_; }

 private:
  std::shared_ptr<Reservation> reservation_;
  std::unique_ptr<Named> named_;
  SideFile side_;
};

}  // namespace shoal::store
