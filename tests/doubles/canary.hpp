// Canary: a text that nobody else has, and how often it stands in the memory of this process. It keeps itself masked, so that
// it does not find itself.
#pragma once

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <fstream>
#include <random>
#include <span>
#include <sstream>
#include <string>
#include <string_view>

#include "shared/core/secret.hpp"

namespace shoal::test {

class Canary {
 public:
  Canary() {
    std::random_device random;
    for (char& each : masked_) each = static_cast<char>(('a' + random() % 26) ^ mask);
  }

  // `before`, the canary and `after`; for the caller to wipe.
  std::string within(std::string_view before, std::string_view after) const {
    std::string text;
    text.reserve(before.size() + size + after.size());
    text.append(before);
    for (const char each : masked_) text.push_back(static_cast<char>(each ^ mask));
    text.append(after);
    return text;
  }

  // In all that this process may write, whether it is in use or freed.
  std::size_t copies() const {
    const int memory = ::open("/proc/self/mem", O_RDONLY | O_CLOEXEC);
    std::ifstream maps("/proc/self/maps");
    std::string line;
    std::size_t found = 0;
    while (std::getline(maps, line)) {
      std::uint64_t begin = 0;
      std::uint64_t end = 0;
      char dash = 0;
      std::string rights;
      std::istringstream(line) >> std::hex >> begin >> dash >> end >> rights;
      const bool is_shadow = end - begin > largest_region;  // of a sanitizer
      if (rights.starts_with("rw") && !is_shadow) found += copies_between(memory, begin, end);
    }
    ::close(memory);
    return found;
  }

 private:
  static constexpr std::size_t size = 1'500;  // more than the registers hold that the dynamic loader saves on a stack
  static constexpr char mask = '\x55';
  static constexpr std::uint64_t largest_region = 1ULL << 30;
  static constexpr std::size_t step = 64 << 10;

  // What was read is wiped before this very place is read.
  std::size_t copies_between(int memory, std::uint64_t begin, std::uint64_t end) const {
    static std::array<char, step + size - 1> read;
    std::size_t found = 0;
    for (std::uint64_t at = begin; at < end; at += step) {
      const std::size_t wanted = std::min<std::uint64_t>(read.size(), end - at);
      const ssize_t got = ::pread(memory, read.data(), wanted, static_cast<off_t>(at));
      if (got > 0) found += copies_in({read.data(), static_cast<std::size_t>(got)});
      wipe(std::as_writable_bytes(std::span(read)));
    }
    return found;
  }

  std::size_t copies_in(std::string_view bytes) const {
    const char first = static_cast<char>(masked_[0] ^ mask);
    std::size_t found = 0;
    for (std::size_t at = bytes.find(first); at != std::string_view::npos; at = bytes.find(first, at + 1)) {
      if (at + size > bytes.size()) break;
      const bool is_same = std::equal(masked_.begin(), masked_.end(), bytes.begin() + static_cast<std::ptrdiff_t>(at),
                                      [](char masked, char plain) { return masked == (plain ^ mask); });
      if (is_same) ++found;
    }
    return found;
  }

  std::array<char, size> masked_{};
};

}  // namespace shoal::test
