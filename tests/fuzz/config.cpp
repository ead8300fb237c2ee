// Configuration: any text is refused with lines that name the file, or read; what was read prints as text that reads
// back as the same.
#include "shared/config/config.hpp"

#include <map>

#include "shared/core/check.hpp"

using namespace shoal;

namespace {

struct Values {
  std::string path = "/x";
  bool strict = false;
  std::uint32_t count = 1;
  ByteCount size;
  ByteRate rate;
  Milliseconds time{};
  std::vector<std::string> allow;
  std::map<std::string, std::string> hosts;
  friend bool operator==(const Values&, const Values&) = default;
};

void describe(config::Section& root, Values& values) {
  root.section("store", [&](config::Section& store) {
    store.key("path", values.path, "Where.");
    store.key("strict", values.strict, "Whether.");
    store.key("count", values.count, "How many.");
    store.key("size", values.size, "How much.");
    store.key("rate", values.rate, "How fast.");
    store.key("time", values.time, "How long.");
    if (values.path.empty()) store.fault("path", "must not be empty");
  });
  root.section("upstreams", [&](config::Section& upstreams) {
    upstreams.key("allow", values.allow, "Who.");
    std::vector<std::string> names;
    for (const auto& host : values.hosts) names.push_back(host.first);
    upstreams.each("", names, [&](const std::string& name, config::Section& host) {
      host.key("url", values.hosts[name], "Where to.");
    });
  });
}

Values read(const std::string& text) {
  Values values;
  config::read_text(text, "fuzz.toml", [&](config::Section& root) { describe(root, values); });
  return values;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  try {
    Values values = read(std::string(reinterpret_cast<const char*>(data), size));
    const std::string printed = config::print([&](config::Section& root) { describe(root, values); });
    SHOAL_CHECK(read(printed) == values);
  } catch (const StartError& error) {
    SHOAL_CHECK(error.exit_code() == 2);
    SHOAL_CHECK(std::string_view(error.what()).starts_with("fuzz.toml:"));
  }
  return 0;
}
