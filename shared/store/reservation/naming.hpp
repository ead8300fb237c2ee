// How a layer that is verified becomes durable under its name: Reservation -> Written -> Named, each made by the step
// before alone. A step that is dropped undoes itself. The order is that of docs/disk_format.md. Inside this room only.
//
// Threads: any, blocking.
#pragma once

#include "shared/store/reservation/reservation.hpp"
#include "shared/store/side_file.hpp"

namespace shoal::store {

// One of the layer's two names, removed at the end unless it is kept.
class OwnedName {
 public:
  enum class Of { data, side };
  OwnedName(Of of, const Reservation& reservation) : of_(of), root_(reservation.root()), digest_(reservation.digest()) {}
  OwnedName(OwnedName&& other) noexcept = default;
  OwnedName& operator=(OwnedName&&) = delete;
  ~OwnedName();
  void keep() { root_.reset(); }

 private:
  Of of_;
  RootHandle root_;  // none once it is kept, or moved on
  Digest digest_;
};

// Both names are durable.
class Named {
 public:
  // The layer is held and the reservation has ended: both names are kept.
  void adopt();
  // False when another pull's file had the name already: that one is the layer.
  bool is_data_ours() const { return data_.has_value(); }

 private:
  friend class Written;
  Named(std::shared_ptr<Reservation> reservation, OwnedName side, std::optional<OwnedName> data)
      : reservation_(std::move(reservation)), side_(std::move(side)), data_(std::move(data)) {}
  std::shared_ptr<Reservation> reservation_;
  OwnedName side_;                 // undone after the data: without that it is an orphan
  std::optional<OwnedName> data_;  // undone first
};

// The data and the side file are durable, and the side file has its name.
class Written {
 public:
  static Result<Written> make(std::shared_ptr<Reservation> reservation, const SideFile& side);
  Result<Named> give_name() &&;

 private:
  Written(std::shared_ptr<Reservation> reservation, OwnedName side)
      : reservation_(std::move(reservation)), side_(std::move(side)) {}
  std::shared_ptr<Reservation> reservation_;
  OwnedName side_;
};

}  // namespace shoal::store
