#include "tests/unit/memory/counted_memory.hpp"

#include <malloc.h>

#include <atomic>
#include <cstdlib>
#include <new>

namespace {

std::atomic<std::size_t> now{0};
std::atomic<std::size_t> most{0};

void* counted(void* taken) {
  if (taken == nullptr) throw std::bad_alloc();
  const std::size_t bytes = now += malloc_usable_size(taken);
  std::size_t before = most;
  while (bytes > before && !most.compare_exchange_weak(before, bytes)) {
  }
  return taken;
}

void give_back(void* taken) {
  if (taken != nullptr) now -= malloc_usable_size(taken);
  std::free(taken);
}

}  // namespace

void* operator new(std::size_t size) {
  return counted(std::malloc(size));
}
void* operator new[](std::size_t size) {
  return counted(std::malloc(size));
}
void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
  return counted(std::malloc(size));
}
void* operator new[](std::size_t size, const std::nothrow_t&) noexcept {
  return counted(std::malloc(size));
}
void* operator new(std::size_t size, std::align_val_t alignment) {
  return counted(aligned_alloc(static_cast<std::size_t>(alignment), size));
}
void operator delete(void* taken) noexcept {
  give_back(taken);
}
void operator delete[](void* taken) noexcept {
  give_back(taken);
}
void operator delete[](void* taken, std::size_t) noexcept {
  give_back(taken);
}
void operator delete(void* taken, const std::nothrow_t&) noexcept {
  give_back(taken);
}
void operator delete[](void* taken, const std::nothrow_t&) noexcept {
  give_back(taken);
}
void operator delete(void* taken, std::size_t) noexcept {
  give_back(taken);
}
void operator delete(void* taken, std::align_val_t) noexcept {
  give_back(taken);
}
void operator delete(void* taken, std::size_t, std::align_val_t) noexcept {
  give_back(taken);
}

namespace shoal {

CountedMemory::CountedMemory() : at_start_(now) {
  most = at_start_;
}

std::size_t CountedMemory::most_bytes() const {
  return most - at_start_;
}

}  // namespace shoal
