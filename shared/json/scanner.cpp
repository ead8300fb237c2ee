#include "shared/json/scanner.hpp"

namespace shoal::json {
namespace {

constexpr std::size_t longest_word = 5;  // "false"
constexpr std::string_view byte_order_mark = "\xef\xbb\xbf";
constexpr std::string_view escaped = "\"\\/bfnrt";
constexpr std::string_view meant = "\"\\/\b\f\n\r\t";

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

bool is_of_number(char c) {
  return is_digit(c) || c == '-' || c == '+' || c == '.' || c == 'e' || c == 'E';
}

int hex_value(char c) {
  if (is_digit(c)) return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

}  // namespace

Result<void> Scanner::push(std::string_view part) {
  for (const char c : part) {
    if (is_faulty_ || !take(c)) is_faulty_ = true;
    if (is_faulty_) return fail(ErrorKind::refused, "scan JSON: malformed");
  }
  return {};
}

Result<void> Scanner::finish() {
  const bool ends = inside_ == Inside::nothing || inside_ == Inside::number || inside_ == Inside::word;
  if (!is_faulty_ && ends && inside_ != Inside::nothing && !end_word()) is_faulty_ = true;
  if (is_faulty_ || !ends || wanted_ != Wanted::nothing) return fail(ErrorKind::refused, "scan JSON: not one whole value");
  return {};
}

bool Scanner::take(char c) {
  if (is_at_start_ && take_at_start(c)) return true;
  if (mark_bytes_ > 0 && mark_bytes_ < byte_order_mark.size()) return false;
  switch (inside_) {
    case Inside::string:
      return take_in_string(c);
    case Inside::escape:
      return take_escape(c);
    case Inside::digits:
      return take_digit(c);
    case Inside::number:
      if (is_of_number(c)) return true;
      return end_word() && begin(c);
    case Inside::word:
      if (c < 'a' || c > 'z') return end_word() && begin(c);
      if (text_.bytes.size() <= longest_word) text_.bytes += c;
      return true;
    case Inside::nothing:
      break;
  }
  return begin(c);
}

// Whether it is the next byte of a mark in front of the text.
bool Scanner::take_at_start(char c) {
  is_at_start_ = c == byte_order_mark[mark_bytes_];
  if (!is_at_start_) return false;
  ++mark_bytes_;
  is_at_start_ = mark_bytes_ < byte_order_mark.size();
  return true;
}

bool Scanner::take_in_string(char c) {
  if (c == '"') return end_string();
  if (static_cast<unsigned char>(c) < 0x20) return false;
  if (c == '\\') {
    inside_ = Inside::escape;
  } else {
    add(c);
  }
  return true;
}

bool Scanner::take_escape(char c) {
  if (c == 'u') {
    inside_ = Inside::digits;
    text_.code = 0;
    text_.digits = 0;
    return true;
  }
  const std::size_t index = escaped.find(c);
  if (index == std::string_view::npos) return false;
  add(meant[index]);
  inside_ = Inside::string;
  return true;
}

bool Scanner::take_digit(char c) {
  const int value = hex_value(c);
  if (value < 0) return false;
  text_.code = text_.code * 16 + static_cast<unsigned>(value);
  if (++text_.digits < 4) return true;
  if (text_.code < 0x80) add(static_cast<char>(text_.code));
  text_.is_odd |= text_.code >= 0x80;
  inside_ = Inside::string;
  return true;
}

// Outside of strings, numbers and words.
bool Scanner::begin(char c) {
  if (c == ' ' || c == '\t' || c == '\r' || c == '\n') return true;
  switch (wanted_) {
    case Wanted::value_or_end:
      if (c == ']') return close(true);
      return begin_value(c);
    case Wanted::value:
      return begin_value(c);
    case Wanted::name_or_end:
      if (c == '}') return close(false);
      [[fallthrough]];
    case Wanted::name:
      inside_ = Inside::string;
      text_ = {};
      text_.is_name = true;
      return c == '"';
    case Wanted::colon:
      wanted_ = Wanted::value;
      return c == ':';
    case Wanted::comma_or_end:
      if (c == ']' || c == '}') return close(c == ']');
      wanted_ = open_.back() ? Wanted::value : Wanted::name;
      return c == ',';
    case Wanted::nothing:
      break;
  }
  return false;
}

bool Scanner::begin_value(char c) {
  if (c == '{' || c == '[') return open(c == '[');
  text_ = {};
  if (c == '"') {
    inside_ = Inside::string;
  } else if (c == '-' || is_digit(c)) {
    inside_ = Inside::number;
  } else {
    inside_ = Inside::word;
    text_.bytes = c;
    return c >= 'a' && c <= 'z';
  }
  return true;
}

bool Scanner::open(bool is_array) {
  if (open_.size() == deepest) return false;
  if (is_array) tell(Array{});
  if (!is_array) tell(Object{});
  if (open_.size() < shown_depth_) place_.steps_.push_back({is_array, {}});
  open_.push_back(is_array);
  wanted_ = is_array ? Wanted::value_or_end : Wanted::name_or_end;
  return true;
}

bool Scanner::close(bool is_array) {
  if (open_.empty() || open_.back() != is_array) return false;
  open_.pop_back();
  if (open_.size() < shown_depth_) place_.steps_.pop_back();
  wanted_ = open_.empty() ? Wanted::nothing : Wanted::comma_or_end;
  return true;
}

bool Scanner::end_string() {
  inside_ = Inside::nothing;
  if (text_.is_name) {
    if (is_shown()) place_.steps_.back().name = text_.is_odd ? std::string() : std::move(text_.bytes);
    wanted_ = Wanted::colon;
    return true;
  }
  if (text_.is_odd) tell(Other{});
  if (!text_.is_odd) tell(std::string_view(text_.bytes));
  wanted_ = open_.empty() ? Wanted::nothing : Wanted::comma_or_end;
  return true;
}

// Of a number too, whose digits were not kept.
bool Scanner::end_word() {
  const std::string& word = text_.bytes;
  if (inside_ == Inside::word && word != "true" && word != "false" && word != "null") return false;
  inside_ = Inside::nothing;
  tell(Other{});
  wanted_ = open_.empty() ? Wanted::nothing : Wanted::comma_or_end;
  return true;
}

void Scanner::add(char c) {
  if (text_.bytes.size() >= longest_text) text_.is_odd = true;
  if (!text_.is_odd && is_shown()) text_.bytes += c;
}

void Scanner::tell(const Value& value) {
  if (is_shown()) visit_(place_, value);
}

}  // namespace shoal::json
