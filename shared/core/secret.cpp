#include "shared/core/secret.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

#include "shared/core/check.hpp"

namespace shoal::inline core {

void wipe(MutableBytes bytes) {
  if (!bytes.empty()) ::explicit_bzero(bytes.data(), bytes.size());
}

// What lies behind its end may have been part of it before.
void wipe(std::string& text) {
  text.resize(text.capacity());
  wipe(std::as_writable_bytes(std::span(text.data(), text.size())));
  text.clear();
}

void wipe(Bytes& bytes) {
  wipe(MutableBytes(bytes));
  bytes.clear();
}

Secret::Secret(std::string&& text) : Secret(std::string_view(text)) {
  wipe(text);
}

Secret Secret::of(std::initializer_list<std::string_view> texts) {
  std::size_t size = 0;
  for (const std::string_view text : texts) size += text.size();
  Secret whole;
  whole.grow(size);
  for (const std::string_view text : texts) whole.append(text);
  return whole;
}

Secret& Secret::operator=(const Secret& other) {
  if (this != &other) *this = Secret(other);
  return *this;
}

Secret& Secret::operator=(Secret&& other) noexcept {
  Secret taken(std::move(other));
  swap(taken);
  return *this;
}

void Secret::append(std::string_view text) {
  const std::size_t size = size_ + text.size();
  if (size > capacity_) grow(std::max(size, 2 * capacity_));
  if (!text.empty()) std::memcpy(bytes_.get() + size_, text.data(), text.size());
  size_ = size;
}

void Secret::shorten(std::size_t size) {
  SHOAL_CHECK(size <= size_);
  wipe(std::as_writable_bytes(std::span(bytes_.get() + size, size_ - size)));
  size_ = size;
}

void Secret::clear() {
  if (bytes_) shorten(0);
  bytes_.reset();
  capacity_ = 0;
}

void Secret::swap(Secret& other) noexcept {
  std::swap(bytes_, other.bytes_);
  std::swap(size_, other.size_);
  std::swap(capacity_, other.capacity_);
}

void Secret::grow(std::size_t capacity) {
  std::unique_ptr<char[]> larger(capacity > 0 ? new char[capacity] : nullptr);
  if (size_ > 0) std::memcpy(larger.get(), bytes_.get(), size_);
  const std::size_t size = size_;
  clear();
  bytes_ = std::move(larger);
  size_ = size;
  capacity_ = capacity;
}

bool operator==(const Secret& a, const Secret& b) {
  if (a.size_ != b.size_) return false;
  volatile unsigned char difference = 0;
  for (std::size_t i = 0; i < a.size_; ++i) difference = difference | static_cast<unsigned char>(a.bytes_[i] ^ b.bytes_[i]);
  return difference == 0;
}

}  // namespace shoal::inline core
