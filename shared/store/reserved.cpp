#include "shared/store/reserved.hpp"

#include "shared/store/reservation/naming.hpp"
#include "shared/store/disk/record.hpp"

namespace shoal::store {

const Digest& Reserved::digest() const {
  return reservation_->digest();
}
const FileHandle& Reserved::file() const {
  return reservation_->file();
}

bool Reserved::in_memory() const {
  return reservation_->in_memory();
}

Result<std::vector<NotedPiece>> Reserved::left() const {
  const Record* record = file()->record();
  if (!record || record->empty()) return std::vector<NotedPiece>();
  return record->pieces();
}

Generation Reserved::left_generation() const {
  const Record* record = file()->record();
  return record ? record->generation() : 0;
}

Result<void> Reserved::start_generation(Generation generation) const {
  Record* record = file()->record();
  if (!record || record->generation() == generation) return {};
  return record->start_generation(generation);
}

Result<void> Reserved::leave_generations() const {
  Record* record = file()->record();
  return record ? record->leave_generations() : Result<void>();
}

void Reserved::note_source(const std::string& registry) const {
  Record* record = file()->record();
  if (!record) return;
  Hash256 source = registry.empty() ? Hash256{} : sha256(bytes_of(registry));
  if (!record->empty() && record->source() != source) source = {};  // what is there already is another's
  const Result<void> noted = record->set_source(source);
  if (!noted) discard();  // what it says of whose bytes it has may be wrong: nothing is to be resumed from it
}

bool Reserved::is_left_of(const std::string& registry) const {
  const Record* record = file()->record();
  return record && record->source() == sha256(bytes_of(registry));
}

void Reserved::discard() const {
  reservation_->discard();
}

Committed::Committed(std::shared_ptr<Reservation> reservation, std::unique_ptr<Named> named, SideFile side)
    : reservation_(std::move(reservation)), named_(std::move(named)), side_(std::move(side)) {}
Committed::Committed(Committed&& other) noexcept = default;
Committed& Committed::operator=(Committed&& other) noexcept = default;
Committed::~Committed() = default;

}  // namespace shoal::store
