#include "shared/origin/challenge.hpp"

#include <algorithm>
#include <optional>

namespace shoal::origin {
namespace {

constexpr std::size_t most_challenges = 8;   // registries send one or two: Bearer and Basic
constexpr std::size_t most_parameters = 16;  // Bearer has four

bool is_token_character(char c) {
  return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
         std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
}

std::string lower_case(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return out;
}

class Reader {
 public:
  explicit Reader(std::string_view rest) : rest_(rest) {}

  bool at_end() const { return rest_.empty(); }
  bool take(char wanted) {
    if (!rest_.starts_with(wanted)) return false;
    rest_.remove_prefix(1);
    return true;
  }
  void skip_spaces() {
    while (take(' ') || take('\t')) {
    }
  }
  void skip_separators() {
    do skip_spaces();
    while (take(','));
  }
  std::string_view token() { return take_while(is_token_character); }
  void skip_token68() {
    take_while([](char c) { return c != ',' && c != ' '; });
  }
  std::optional<std::string> value() {
    if (take('"')) return quoted();
    const std::string_view word = token();
    if (word.empty()) return std::nullopt;
    return std::string(word);
  }
  // A parameter's name and "=", or nothing and no step forward: then it is the next challenge, or a token68.
  std::optional<std::string> parameter_name() {
    const std::string_view before = rest_;
    const std::string_view name = token();
    skip_spaces();
    const bool is_name = !name.empty() && take('=') && !rest_.starts_with('=');
    skip_spaces();
    if (is_name && !rest_.empty() && rest_[0] != ',') return lower_case(name);
    rest_ = before;
    return std::nullopt;
  }

 private:
  template <class Predicate>
  std::string_view take_while(Predicate predicate) {
    const auto end = std::find_if_not(rest_.begin(), rest_.end(), predicate);
    const std::string_view taken = rest_.substr(0, static_cast<std::size_t>(end - rest_.begin()));
    rest_.remove_prefix(taken.size());
    return taken;
  }
  std::optional<std::string> quoted() {
    std::string out;
    while (!rest_.empty()) {
      const char c = rest_[0];
      rest_.remove_prefix(1);
      if (c == '"') return out;
      if (c == '\\' && rest_.empty()) return std::nullopt;
      out += c == '\\' ? rest_[0] : c;
      if (c == '\\') rest_.remove_prefix(1);
    }
    return std::nullopt;
  }
  std::string_view rest_;
};

// False at a fault.
bool read_parameters(Reader& reader, Challenge& challenge) {
  while (auto name = reader.parameter_name()) {
    auto value = reader.value();
    if (!value || challenge.parameters.size() == most_parameters) return false;
    challenge.parameters.emplace(std::move(*name), std::move(*value));
    reader.skip_separators();
  }
  return true;
}

}  // namespace

std::string Challenge::parameter(const std::string& name) const {
  const auto found = parameters.find(name);
  return found == parameters.end() ? std::string() : found->second;
}

std::vector<Challenge> parse_challenges(std::string_view line) {
  std::vector<Challenge> challenges;
  Reader reader(line);
  reader.skip_separators();
  while (!reader.at_end() && challenges.size() < most_challenges) {
    Challenge challenge;
    challenge.scheme = lower_case(reader.token());
    if (challenge.scheme.empty()) break;
    reader.skip_spaces();
    const bool sound = read_parameters(reader, challenge);
    if (sound && challenge.parameters.empty()) reader.skip_token68();
    reader.skip_separators();
    if (!sound) break;
    challenges.push_back(std::move(challenge));
  }
  return challenges;
}

std::vector<Challenge> parse_challenges(const std::vector<std::string>& lines) {
  std::vector<Challenge> all;
  for (const std::string& line : lines) {
    for (Challenge& challenge : parse_challenges(std::string_view(line))) all.push_back(std::move(challenge));
  }
  return all;
}

const Challenge* find_scheme(const std::vector<Challenge>& challenges, std::string_view scheme) {
  for (const Challenge& challenge : challenges) {
    if (challenge.scheme == scheme) return &challenge;
  }
  return nullptr;
}

}  // namespace shoal::origin
