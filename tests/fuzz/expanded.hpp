// Expanded: a small input that stands for one of up to 4 MiB. Between two "~", "COUNT*TEXT" stands for COUNT times TEXT:
// `{"layers":~9000*[~}`. So the corpus stays small, and the fuzzer reaches large inputs by small changes.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>

namespace shoal {

inline constexpr std::size_t largest_expansion = 4 << 20;  // origin::largest_manifest

inline void append_expanded(std::string& all, std::string_view part) {
  const std::size_t star = part.find('*');
  const std::size_t digits = std::min(part.find_first_not_of("0123456789"), part.size());
  if (star != digits || star == 0 || star > 9) {
    all += part.substr(0, largest_expansion - all.size());
    return;
  }
  const std::string_view text = part.substr(star + 1);
  const std::uint64_t times = std::stoull(std::string(part.substr(0, star)));
  for (std::uint64_t i = 0; i < times && !text.empty() && all.size() + text.size() <= largest_expansion; ++i) all += text;
}

inline std::string expanded(const std::uint8_t* data, std::size_t size) {
  std::string_view rest(reinterpret_cast<const char*>(data), size);
  std::string all;
  while (!rest.empty()) {
    const std::string_view part = rest.substr(0, rest.find('~'));
    rest.remove_prefix(std::min(rest.size(), part.size() + 1));
    append_expanded(all, part);
  }
  return all;
}

}  // namespace shoal
