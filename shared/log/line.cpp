#include "shared/log/line.hpp"

#include "shared/core/bytes.hpp"

namespace shoal::log {
namespace {

// Quotes a value. Quotes and backslashes get a backslash; control characters and bytes above ASCII become \xNN, in
// JSON \u00NN.
std::string quoted(std::string_view value, std::string_view byte_escape) {
  std::string out = "\"";
  for (const char c : value) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (byte < 0x20 || byte >= 0x7f) {
      out += byte_escape;
      out += hex_text(bytes_of({&c, 1}));
    } else {
      out += c;
    }
  }
  return out += '"';
}

std::string json_quoted(std::string_view value) {
  return quoted(value, "\\u00");
}

bool is_plain(std::string_view value) {
  if (value.empty()) return false;
  for (const char c : value) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte <= 0x20 || byte >= 0x7f || c == '"' || c == '\\' || c == '=') return false;
  }
  return true;
}

void append_text(std::string& line, const Field& field) {
  line += field.key;
  line += '=';
  line += is_plain(field.value) ? field.value : quoted(field.value, "\\x");
}

void append_json(std::string& line, const Field& field) {
  line += json_quoted(field.key) + ":" + (field.is_bare ? field.value : json_quoted(field.value));
}

}  // namespace

std::string text_line(const Event& event) {
  std::string line = std::string(event.room) + ": " + std::string(event.text);
  const auto append = [&line](const Field& field) {
    line += ' ';
    append_text(line, field);
  };
  for (const Field& field : event.fields) append(field);
  if (event.repeated > 0) append({"repeated", event.repeated});
  return line;
}

std::string json_line(const Event& event) {
  std::string line = "\"room\":" + json_quoted(event.room) + ",\"event\":" + json_quoted(event.text);
  const auto append = [&line](const Field& field) {
    line += ',';
    append_json(line, field);
  };
  for (const Field& field : event.fields) append(field);
  if (event.repeated > 0) append({"repeated", event.repeated});
  return line += "}";
}

std::string text_fields(const std::vector<Field>& fields) {
  std::string line;
  for (const Field& field : fields) {
    if (!line.empty()) line += ' ';
    append_text(line, field);
  }
  return line;
}

std::string json_fields(const std::vector<Field>& fields) {
  std::string line = "{";
  for (const Field& field : fields) {
    if (line.size() > 1) line += ',';
    append_json(line, field);
  }
  return line += "}";
}

}  // namespace shoal::log
