#include "agent/pull/window.hpp"

#include <algorithm>

namespace shoal::agent::pull {

PieceIndex Window::piece_at(std::uint64_t byte) const {
  return std::min(layout_.piece_at(byte), layout_.count());
}

Window::Reader Window::add_reader(Time now) {
  read_at_ = now;
  auto reader = std::make_shared<Place>();
  readers_.push_back(reader);
  return reader;
}

bool Window::contains(std::uint64_t at) const {
  const std::uint64_t begin = layout_.offset(first_);
  return at >= begin && at <= begin + size_.value;
}

void Window::move(Place& reader, std::uint64_t at) {
  reader.at = at;
  foremost_ = std::max(foremost_, at);
  has_begun_ = true;
}

bool Window::advance(std::uint64_t hashed_bytes, Time now) {
  if (!has_begun_) return false;
  const std::uint64_t ahead = size_.value / 4;
  const std::uint64_t behind = size_.value - ahead;
  std::uint64_t first_byte = std::min(hashed_bytes, foremost_ > behind ? foremost_ - behind : 0);
  if (has_readers(now)) {
    for (const auto& weak : readers_) {
      const Reader reader = weak.lock();
      if (reader && reader->at) first_byte = std::min(first_byte, *reader->at);
    }
  }
  const PieceIndex first = std::max(first_, piece_at(first_byte));
  const auto in_window = static_cast<PieceIndex>(size_.value / layout_.piece_length().value);
  const PieceIndex wanted = std::min(piece_at(foremost_ + ahead) + 1, first + in_window);
  const PieceIndex wanted_end = std::max(wanted_end_, std::min(wanted, layout_.count()));
  const bool has_moved = first != first_ || wanted_end != wanted_end_;
  first_ = first;
  wanted_end_ = wanted_end;
  return has_moved;
}

bool Window::has_readers(Time now) {
  std::erase_if(readers_, [](const std::weak_ptr<Place>& reader) { return reader.expired(); });
  if (!readers_.empty()) read_at_ = now;
  return !readers_.empty();
}

}  // namespace shoal::agent::pull
