#include "shared/http/body_reader.hpp"

#include <algorithm>
#include <charconv>
#include <optional>

namespace shoal::http {
namespace {

constexpr std::size_t longest_line = 4096;  // of a chunk's head: 16 digits, and extensions that no registry sends
constexpr std::size_t most_trailers = 16 << 10;  // bytes, as much as the head of a request; they are ignored

tl::unexpected<Error> malformed() {
  return fail(ErrorKind::unavailable, "malformed chunk in the body");
}

// "1a", or "1a" and an extension, which means nothing to us.
std::optional<std::uint64_t> parse_chunk_size(std::string_view line) {
  std::uint64_t size = 0;
  const auto [end, error] = std::from_chars(line.data(), line.data() + line.size(), size, 16);
  const std::string_view rest = line.substr(static_cast<std::size_t>(end - line.data()));
  const bool sound =
      std::none_of(rest.begin(), rest.end(), [](char c) { return (c >= 0 && c < 0x20 && c != '\t') || c == 0x7f; });
  if (error != std::errc() || !sound) return std::nullopt;
  if (!rest.empty() && rest[0] != ';' && rest[0] != ' ' && rest[0] != '\t') return std::nullopt;
  return size;
}

}  // namespace

Result<BodyReader::Step> BodyReader::step(ByteView received) {
  switch (state_) {
    case State::length:
      return take(received, State::finished);
    case State::until_end:
      return Step{received.size(), received};
    case State::chunk_head:
      return chunk_head(received);
    case State::chunk_data:
      return take(received, State::chunk_end);
    case State::chunk_end:
      return chunk_end(received);
    case State::trailer:
      return trailer(received);
    case State::finished:
      break;
  }
  return Step{};
}

BodyReader::Step BodyReader::take(ByteView received, State afterwards) {
  const std::size_t size = std::min<std::uint64_t>(left_, received.size());
  left_ -= size;
  if (left_ == 0) state_ = afterwards;
  return {size, received.first(size)};
}

Result<BodyReader::Step> BodyReader::chunk_head(ByteView received) {
  const std::size_t end = text_of(received.first(std::min(received.size(), longest_line))).find("\r\n");
  if (end == std::string_view::npos) {
    if (received.size() >= longest_line) return malformed();
    return Step{};
  }
  const auto size = parse_chunk_size(text_of(received.first(end)));
  if (!size) return malformed();
  left_ = *size;
  state_ = left_ == 0 ? State::trailer : State::chunk_data;
  return Step{end + 2, {}};
}

Result<BodyReader::Step> BodyReader::chunk_end(ByteView received) {
  if (received.size() < 2) return Step{};
  if (!text_of(received).starts_with("\r\n")) return malformed();
  state_ = State::chunk_head;
  return Step{2, {}};
}

Result<BodyReader::Step> BodyReader::trailer(ByteView received) {
  const std::size_t end = text_of(received).find("\r\n");
  const std::size_t size = end == std::string_view::npos ? received.size() : end + 2;
  if (trailer_bytes_ + size > most_trailers) return malformed();
  if (end == std::string_view::npos) return Step{};
  trailer_bytes_ += size;
  if (end == 0) state_ = State::finished;
  return Step{size, {}};
}

Result<void> BodyReader::end_of_stream() {
  if (state_ == State::until_end) state_ = State::finished;
  if (finished()) return {};
  return fail(ErrorKind::unavailable, "the body ended early");
}

}  // namespace shoal::http
