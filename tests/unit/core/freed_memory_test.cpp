#include "shared/core/freed_memory.hpp"

#include <catch2/catch.hpp>
#include <memory>
#include <vector>

#include "tests/doubles/canary.hpp"

using namespace shoal;
using namespace shoal::test;

namespace {

constexpr std::size_t behind_the_allocators_own = 64;  // it writes to the front of what is free

std::string text_with(const Canary& canary) {
  return canary.within(std::string(behind_the_allocators_own, '.'), std::string(1'000, '.'));
}

// As libraries do with what they are given.
void copy_and_free(const Canary& canary) {
  std::string text = text_with(canary);
  std::vector<std::string> grown{text};
  grown.push_back(text);
  text.append(std::string(10'000, '.'));
  const auto block = std::make_unique<std::vector<char>>(text.begin(), text.end());  // secret_test.cpp has a delete[] of its own
}

}  // namespace

TEST_CASE("freed memory keeps what was in it, until it is asked to be overwritten") {
  const Canary first;
  copy_and_free(first);
  CHECK(first.copies() > 0);

  overwrite_freed_memory();
  const Canary second;
  copy_and_free(second);
  CHECK(second.copies() == 0);

  const std::string kept = text_with(second);
  CHECK(second.copies() == 1);
}
