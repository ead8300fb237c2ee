// Scanner: JSON from outside that comes in parts and is too long to be kept. It is looked at as it passes: whether it is
// one whole value, and what stands near its root. Reader (reader.hpp) is stricter about numbers and about UTF-8.
//
// It keeps a bit for each object and array that is open, and the names and strings that it shows.
// Source of the grammar: RFC 8259.
// Threads: any, one at a time.
#pragma once

#include "shared/json/reader.hpp"

namespace shoal::json {

class Scanner {
 public:
  static constexpr std::size_t deepest = 1'024;        // objects and arrays in each other
  static constexpr std::size_t longest_text = 256;     // of a name or string that is shown

  // `visit` is called with each value that has at most `shown_depth` steps to it, in the order of the text. Of a number, and
  // of a string that is longer than `longest_text` or has escaped characters beyond ASCII, it is given Other; a name of
  // that kind is empty.
  Scanner(std::size_t shown_depth, Visit visit) : shown_depth_(shown_depth), visit_(std::move(visit)) {}

  // The next part. `refused` at the first byte that JSON cannot have there, and from then on.
  Result<void> push(std::string_view part);
  // Behind the last part: `refused` unless the value is whole.
  Result<void> finish();

 private:
  enum class Wanted { value, value_or_end, name, name_or_end, colon, comma_or_end, nothing };
  enum class Inside { nothing, string, escape, digits, number, word };
  struct Text {
    bool is_name = false;
    bool is_odd = false;  // it is not shown
    std::string bytes;
    unsigned code = 0;    // of an escape by digits
    int digits = 0;
  };

  bool take(char c);
  bool take_in_string(char c);
  bool take_escape(char c);
  bool take_digit(char c);
  bool take_at_start(char c);
  bool begin(char c);
  bool begin_value(char c);
  bool open(bool is_array);
  bool close(bool is_array);
  bool end_string();
  bool end_word();
  void add(char c);
  void tell(const Value& value);
  bool is_shown() const { return open_.size() <= shown_depth_; }

  std::size_t shown_depth_;
  Visit visit_;
  Place place_;               // of the value that comes next, as far as it is shown
  std::vector<bool> open_;    // whether each is an array, the outermost first
  Wanted wanted_ = Wanted::value;
  Inside inside_ = Inside::nothing;
  Text text_;
  std::size_t mark_bytes_ = 0;  // of a byte order mark, that have come
  bool is_at_start_ = true;
  bool is_faulty_ = false;
};

}  // namespace shoal::json
