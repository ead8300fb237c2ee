#include "shared/core/freed_memory.hpp"

#include <malloc.h>

#include <atomic>
#include <cstdlib>
#include <cstring>
#include <new>

#if defined(__SANITIZE_ADDRESS__)
#define SHOAL_ADDRESS_SANITIZER
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SHOAL_ADDRESS_SANITIZER
#endif
#endif

#ifdef SHOAL_ADDRESS_SANITIZER

// Source: LLVM's sanitizer/allocator_interface.h, which g++ 12 does not bring. AddressSanitizer keeps freed blocks for a
// while, and its own operators find what is freed by the wrong one: they stay in force.
extern "C" {
int __sanitizer_install_malloc_and_free_hooks(void (*on_malloc)(const volatile void*, std::size_t),
                                              void (*on_free)(const volatile void*));
int __sanitizer_get_ownership(const volatile void* block);
std::size_t __sanitizer_get_allocated_size(const volatile void* block);
}

namespace shoal::inline core {
namespace {

void ignore(const volatile void*, std::size_t) {}

void overwrite(const volatile void* block) {
  if (block == nullptr || __sanitizer_get_ownership(block) == 0) return;
  ::explicit_bzero(const_cast<void*>(block), __sanitizer_get_allocated_size(block));
}

}  // namespace

void overwrite_freed_memory() {
  static const int installed = __sanitizer_install_malloc_and_free_hooks(ignore, overwrite);
  static_cast<void>(installed);
}

}  // namespace shoal::inline core

#else

namespace shoal::inline core {
namespace {

std::atomic<bool> is_overwriting{false};

void give_back(void* block) {
  if (block != nullptr && is_overwriting.load(std::memory_order_relaxed))
    ::explicit_bzero(block, ::malloc_usable_size(block));
  std::free(block);
}

}  // namespace

void overwrite_freed_memory() {
  is_overwriting = true;
}

}  // namespace shoal::inline core

// The forms for arrays and without exceptions call one of these, as the standard has it; libstdc++'s operators new take from
// malloc and aligned_alloc.
void operator delete(void* block) noexcept {
  shoal::give_back(block);
}
void operator delete(void* block, std::size_t) noexcept {
  shoal::give_back(block);
}
void operator delete(void* block, std::align_val_t) noexcept {
  shoal::give_back(block);
}
void operator delete(void* block, std::size_t, std::align_val_t) noexcept {
  shoal::give_back(block);
}

#endif
