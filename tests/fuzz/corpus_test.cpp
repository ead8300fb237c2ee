// Every fuzz target over its corpus, in the usual build. libFuzzer itself runs with `tests/run --nightly fuzz`.
#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <vector>

#define RUN(name) extern "C" int run_##name(const std::uint8_t* data, std::size_t size);
SHOAL_REPLAYED
#undef RUN

namespace {

using Target = int (*)(const std::uint8_t*, std::size_t);

std::vector<std::uint8_t> content_of(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return std::vector<std::uint8_t>(std::istreambuf_iterator<char>(file), {});
}

// Whole and cut short at each of its first bytes: what comes from a network may end anywhere.
int replay(const std::string& name, Target target) {
  int inputs = 0;
  for (const auto& entry : std::filesystem::directory_iterator(std::filesystem::path(SHOAL_CORPUS_DIR) / name)) {
    INFO(name << "/" << entry.path().filename().string());
    const std::vector<std::uint8_t> input = content_of(entry.path());
    for (std::size_t size = 0; size < std::min<std::size_t>(input.size(), 64); ++size) target(input.data(), size);
    CHECK(target(input.data(), input.size()) == 0);
    ++inputs;
  }
  return inputs;
}

}  // namespace

TEST_CASE("every fuzz target takes its whole corpus") {
#define RUN(name) CHECK(replay(#name, run_##name) > 0);
  SHOAL_REPLAYED
#undef RUN
}
