// Codec: the one byte format of control messages, swarm messages and side files. Big-endian integers, lengths before
// strings and lists, every length checked against a limit and against what is there.
//
// A message is a struct with `template <class C> static void fields(C& codec, Message& message)` that names its
// fields once, in order; encode and decode are inverse by construction. A decoder ignores bytes behind the last field
// it knows, so that a later version may append fields.
#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <type_traits>
#include <vector>

#include "shared/core/bytes.hpp"
#include "shared/core/digest.hpp"
#include "shared/core/secret.hpp"

namespace shoal::inline core {

class Encoder {
 public:
  template <class Integer>
  requires std::is_unsigned_v<Integer>
  void field(const Integer& value) {
    if constexpr (std::is_same_v<Integer, bool>) {
      out_.push_back(static_cast<std::byte>(value ? 1 : 0));
    } else {
      for (int shift = static_cast<int>(sizeof(Integer) * 8) - 8; shift >= 0; shift -= 8) {
        out_.push_back(static_cast<std::byte>(static_cast<std::uint64_t>(value) >> shift & 0xff));
      }
    }
  }
  template <class Enum>
  requires std::is_enum_v<Enum>
  void field(const Enum& value) { field(static_cast<std::underlying_type_t<Enum>>(value)); }
  void field(const std::string& value) { sized(bytes_of(value)); }
  void field(const Bytes& value) { sized(value); }
  void field(const Secret& value);  // as a string; whoever takes the frame wipes it
  void field(const Digest& value);
  template <std::size_t Size>
  void field(const std::array<std::byte, Size>& value) {
    out_.insert(out_.end(), value.begin(), value.end());
  }
  template <class Item>
  void field(const std::vector<Item>& items) {
    field(static_cast<std::uint32_t>(items.size()));
    for (const Item& item : items) field(item);
  }
  template <class Item>
  void field(const std::optional<Item>& item) {
    field(item.has_value());
    if (item) field(*item);
  }
  template <class Message>
  requires requires(Encoder& e, Message& m) { Message::fields(e, m); }
  void field(const Message& message) {
    Message::fields(*this, const_cast<Message&>(message));  // an Encoder only reads
  }

  // A field that a later version appended.
  template <class Item>
  void appended(const Item& item) { field(item); }

  Bytes take() { return std::move(out_); }

 private:
  void sized(ByteView bytes);
  Bytes out_;
};

class Decoder {
 public:
  explicit Decoder(ByteView in) : in_(in) {}

  // After the last field: false as soon as one did not fit. Fields read after a failure keep their defaults.
  bool good() const { return good_; }
  ByteView rest() const { return in_; }

  template <class Integer>
  requires std::is_unsigned_v<Integer>
  void field(Integer& value) {
    constexpr std::size_t width = std::is_same_v<Integer, bool> ? 1 : sizeof(Integer);
    const ByteView bytes = take(width);
    std::uint64_t sum = 0;
    for (const std::byte byte : bytes) sum = sum << 8 | std::to_integer<std::uint64_t>(byte);
    if (good_) value = static_cast<Integer>(sum);
  }
  // An enum must provide `bool known(Enum)`, found by its namespace; unknown numbers are a failure.
  template <class Enum>
  requires std::is_enum_v<Enum>
  void field(Enum& value) {
    std::underlying_type_t<Enum> number{};
    field(number);
    if (good_ && known(static_cast<Enum>(number))) {
      value = static_cast<Enum>(number);
    } else {
      good_ = false;
    }
  }
  void field(std::string& value) { value = std::string(text_of(sized())); }
  void field(Bytes& value) { value = copy_of(sized()); }
  void field(Secret& value) { value = Secret(text_of(sized())); }
  void field(Digest& value);
  template <std::size_t Size>
  void field(std::array<std::byte, Size>& value) {
    const ByteView bytes = take(Size);
    if (good_) std::copy(bytes.begin(), bytes.end(), value.begin());
  }
  template <class Item>
  void field(std::vector<Item>& items) {
    std::uint32_t count = 0;
    field(count);
    if (count > in_.size()) good_ = false;  // an item takes a byte at least: no allocation beyond what came
    items.clear();
    for (std::uint32_t i = 0; good_ && i < count; ++i) field(items.emplace_back(fresh<Item>()));
  }
  template <class Item>
  void field(std::optional<Item>& item) {
    bool present = false;
    field(present);
    item.reset();
    if (good_ && present) field(item.emplace(fresh<Item>()));
  }
  template <class Message>
  requires requires(Decoder& d, Message& m) { Message::fields(d, m); }
  void field(Message& message) { Message::fields(*this, message); }
  // A field at the end of a frame that a later version appended: keeps its default when an earlier one has sent it.
  template <class Item>
  void appended(Item& item) {
    if (!in_.empty()) field(item);
  }

 private:
  template <class Item>
  static Item fresh() {
    if constexpr (std::is_same_v<Item, Digest>) {
      return *Digest::from_raw(DigestAlgorithm::sha256, std::array<std::byte, 32>{});
    } else {
      return Item{};
    }
  }
  ByteView take(std::size_t count);
  ByteView sized();
  ByteView in_;
  bool good_ = true;
};

inline bool known(DigestAlgorithm algorithm) {
  return algorithm == DigestAlgorithm::sha256 || algorithm == DigestAlgorithm::sha512;
}

}  // namespace shoal::inline core
