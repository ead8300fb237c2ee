// Secret: a text that nobody may read by accident: a password, a token, the value of an Authorization header.
//
// It has no printer and turns into no other type. `reveal` is the one way to its text, and only the files that
// tests/house/secrets.py names may write it. The bytes are overwritten when it ends, grows, is assigned or moved from. They
// are on the heap however few they are: a std::string has short ones within itself, and leaves them behind when it moves.
// What it is made from stays as it is, but for a std::string that is given away.
// Threads: any; values.
#pragma once

#include <cstddef>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>

#include "shared/core/bytes.hpp"

namespace shoal::inline core {

// Overwrites the bytes, also where nothing reads them afterwards. A string or a vector is empty then.
void wipe(MutableBytes bytes);
void wipe(std::string& text);
void wipe(Bytes& bytes);

class Secret {
 public:
  Secret() = default;
  explicit Secret(std::string_view text) { append(text); }
  explicit Secret(const char* text) : Secret(std::string_view(text)) {}
  explicit Secret(const std::string& text) : Secret(std::string_view(text)) {}
  explicit Secret(std::string&& text);  // `text` is wiped
  // The texts behind one another: no other copy of the whole is made.
  static Secret of(std::initializer_list<std::string_view> texts);

  Secret(const Secret& other) : Secret(other.reveal()) {}
  Secret(Secret&& other) noexcept { swap(other); }
  Secret& operator=(const Secret& other);
  Secret& operator=(Secret&& other) noexcept;
  ~Secret() { clear(); }

  bool empty() const { return size_ == 0; }
  std::size_t size() const { return size_; }
  std::string_view reveal() const { return {bytes_.get(), size_}; }

  void append(std::string_view text);
  void shorten(std::size_t size);  // to its first `size` bytes, at most as many as there are
  void clear();

  // Takes the same time for all texts of one length.
  friend bool operator==(const Secret& a, const Secret& b);

 private:
  void swap(Secret& other) noexcept;
  void grow(std::size_t capacity);

  std::unique_ptr<char[]> bytes_;
  std::size_t size_ = 0;
  std::size_t capacity_ = 0;
};

}  // namespace shoal::inline core
