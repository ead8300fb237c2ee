// Lots: what a test that is drawn by lot decides by; the same seed goes the same way.
#pragma once

#include <cstdlib>
#include <random>

namespace shoal {

class Lots {
 public:
  explicit Lots(int seed) : random_(static_cast<std::uint32_t>(seed)) {}
  int between(int least, int most) { return std::uniform_int_distribution<int>(least, most)(random_); }
  bool in(int of) { return between(1, of) == 1; }  // one time in so many
  template <class Container>
  auto& one_of(Container& container) {
    return container[static_cast<std::size_t>(between(0, static_cast<int>(container.size()) - 1))];
  }

 private:
  std::mt19937 random_;
};

inline int number_from(const char* variable, int otherwise) {
  const char* text = std::getenv(variable);
  return text == nullptr ? otherwise : std::atoi(text);
}

// SHOAL_SEED=N plays that seed alone, SHOAL_SEEDS=N the first N.
template <class Play>
void play_seeds(int usual, Play play) {
  if (const int seed = number_from("SHOAL_SEED", 0); seed != 0) return play(seed);
  const int seeds = number_from("SHOAL_SEEDS", usual);
  for (int seed = 1; seed <= seeds; ++seed) play(seed);
}

}  // namespace shoal
