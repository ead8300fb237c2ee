#include "shared/log/repeats.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <utility>

namespace shoal::log {
namespace {

constexpr std::chrono::minutes once_in{1};  // what an operator reads; a metric tells the pace

// 60 events with some trackers, registries and nodes each, 100 KiB in all. Beyond it an event is limited whatever it
// names, so that a flood of names (of tags, of hosts) writes a bounded number of lines.
constexpr std::size_t most_keys = 256;

// The other side. Not the digest: a lasting fault touches one layer after the other.
constexpr std::array<std::string_view, 9> sides{"tracker", "registry", "upstream", "node",  "peer",
                                                "host",    "address",  "file",     "server"};

bool is_hex(char c) {
  return std::isxdigit(static_cast<unsigned char>(c)) != 0;
}

bool is_digit(char c) {
  return std::isdigit(static_cast<unsigned char>(c)) != 0;
}

// Digests and counts of bytes become "#". Ports and addresses have fewer digits.
std::string shape_of(std::string_view cause) {
  constexpr std::ptrdiff_t digest_digits = 32;
  constexpr std::ptrdiff_t count_digits = 6;
  std::string shape;
  for (auto at = cause.begin(); at != cause.end();) {
    const auto hex_end = std::find_if_not(at, cause.end(), is_hex);
    const auto digits_end = std::find_if_not(at, cause.end(), is_digit);
    if (hex_end - at >= digest_digits || digits_end - at >= count_digits) {
      shape += '#';
      at = std::max(hex_end - at >= digest_digits ? hex_end : at, digits_end);
    } else {
      const auto end = std::max(hex_end, at + 1);
      shape.append(at, end);
      at = end;
    }
  }
  return shape;
}

// "registry.example.com" of "registry.example.com/app".
std::string_view registry_of(std::string_view image) {
  return image.substr(0, image.find('/'));
}

std::string key_of(std::string_view room, std::string_view event, std::initializer_list<Field> fields) {
  std::string key = std::string(room) + '\n' + std::string(event);
  for (const Field& field : fields) {
    if (field.key == "cause") key += '\n' + shape_of(field.value);
    if (field.key == "image") key += '\n' + std::string(registry_of(field.value));
    if (std::find(sides.begin(), sides.end(), field.key) != sides.end()) key += '\n' + field.value;
  }
  return key;
}

}  // namespace

// The entry of this key. When the table is full, and no line in it is old: that of its event.
Repeats::Written* Repeats::entry(Time now, std::string_view room, std::string_view event, std::string key) {
  const auto known = written_.find(key);
  if (known != written_.end()) return &known->second;
  if (written_.size() >= most_keys) {
    const auto oldest = std::min_element(written_.begin(), written_.end(), [](const auto& one, const auto& other) {
      return one.second.at < other.second.at;
    });
    if (now - oldest->second.at >= once_in) {
      written_.erase(oldest);
    } else {
      key = key_of(room, event, {});
    }
  }
  return &written_.try_emplace(std::move(key), Written{now - once_in}).first->second;
}

std::optional<std::uint64_t> Repeats::admit(Time now, std::string_view room, std::string_view event,
                                            std::initializer_list<Field> fields) {
  std::string key = key_of(room, event, fields);
  const std::lock_guard lock(mutex_);
  Written& written = *entry(now, room, event, std::move(key));
  if (now - written.at < once_in) {
    ++written.repeated;
    ++left_out_;
    return std::nullopt;
  }
  written.at = now;
  return std::exchange(written.repeated, 0);
}

std::uint64_t Repeats::left_out() const {
  const std::lock_guard lock(mutex_);
  return left_out_;
}

void Repeats::clear() {
  const std::lock_guard lock(mutex_);
  written_.clear();
}

}  // namespace shoal::log
