#include "shared/json/reader.hpp"

#include <algorithm>
#include <iterator>
#include <nlohmann/json.hpp>

namespace shoal::json {
namespace {

// The lexer collects a token as a whole, twice, before it tells of it. So its input ends when too much has come since
// the last event.
struct Meter {
  std::size_t limit;
  std::size_t since_event = 0;
  bool is_exceeded() const { return since_event > limit; }
};

class Input {
 public:
  using iterator_category = std::input_iterator_tag;
  using value_type = char;
  using difference_type = std::ptrdiff_t;
  using pointer = const char*;
  using reference = const char&;

  Input(const char* at, Meter& meter) : at_(at), meter_(&meter) {}
  const char& operator*() const { return *at_; }
  Input& operator++() {
    ++at_;
    ++meter_->since_event;
    return *this;
  }
  bool operator==(const Input& end) const { return at_ == end.at_ || meter_->is_exceeded(); }

 private:
  const char* at_;
  Meter* meter_;
};

}  // namespace

bool Place::is(std::initializer_list<std::string_view> steps) const {
  return std::equal(steps_.begin(), steps_.end(), steps.begin(), steps.end(), [](const Step& step, std::string_view s) {
    return step.is_element ? s == any_element : s == step.name && s != any_element;
  });
}

// What nlohmann's parser calls. It ends when a call returns false.
class Events final : public nlohmann::json_sax<nlohmann::json> {
 public:
  Events(const Limits& limits, const Visit& visit, Meter& meter) : limits_(limits), visit_(visit), meter_(meter) {}

  bool null() override { return value(Other{}); }
  bool boolean(bool) override { return value(Other{}); }
  bool number_integer(number_integer_t) override { return value(Other{}); }
  bool number_unsigned(number_unsigned_t number) override { return value(std::uint64_t{number}); }
  bool number_float(number_float_t, const string_t&) override { return value(Other{}); }
  bool string(string_t& text) override { return value(std::string_view(text)); }
  bool binary(binary_t&) override { return false; }  // JSON has none
  bool start_object(std::size_t) override { return value(Object{}) && go_in(false); }
  bool start_array(std::size_t) override { return value(Array{}) && go_in(true); }
  bool end_object() override { return go_out(); }
  bool end_array() override { return go_out(); }
  bool key(string_t& name) override {
    if (!note_event()) return false;
    place_.steps_.back().name = name;
    return true;
  }
  // The exception's text quotes the input, so it is not passed on.
  bool parse_error(std::size_t, const std::string&, const nlohmann::json::exception&) override {
    return note_event() && stop("malformed");
  }

  // An event behind a cut is none: the beginning of a number is a number, and a text cut behind its value looks whole.
  bool note_event() {
    if (meter_.is_exceeded()) return stop("a token of more than " + std::to_string(limits_.token_bytes) + " bytes");
    meter_.since_event = 0;
    return true;
  }
  const std::string& cause() const { return cause_; }

 private:
  bool value(const Value& value) {
    if (!note_event()) return false;
    if (++values_ > limits_.values) return stop("more than " + std::to_string(limits_.values) + " values");
    visit_(place_, value);
    return true;
  }
  bool go_in(bool is_array) {
    if (place_.depth() >= limits_.depth) return stop("nested deeper than " + std::to_string(limits_.depth));
    place_.steps_.push_back({is_array, {}});
    return true;
  }
  bool go_out() {
    if (!note_event()) return false;
    place_.steps_.pop_back();
    return true;
  }
  bool stop(std::string cause) {
    cause_ = std::move(cause);
    return false;
  }

  const Limits& limits_;
  const Visit& visit_;
  Meter& meter_;
  Place place_;
  std::size_t values_ = 0;
  std::string cause_;
};

Result<void> read(std::string_view text, const Limits& limits, const Visit& visit) {
  // No JSON has one; the lexer takes it for the text's end, and what is behind it would count for nothing.
  if (text.find('\0') != std::string_view::npos) return fail(ErrorKind::refused, "read JSON: a zero byte");
  Meter meter{limits.token_bytes};
  Events events(limits, visit, meter);
  const Input begin(text.data(), meter);
  const Input end(text.data() + text.size(), meter);
  if (nlohmann::json::sax_parse(begin, end, &events) && events.note_event()) return {};
  return fail(ErrorKind::refused, "read JSON: " + events.cause());
}

}  // namespace shoal::json
