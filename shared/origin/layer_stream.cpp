#include "shared/origin/layer_stream.hpp"

#include <charconv>
#include <limits>
#include <utility>

#include "shared/layer/piece_layout.hpp"

namespace shoal::origin {
namespace {

class RangedStream final : public LayerStream {
 public:
  RangedStream(std::unique_ptr<http::ClientResponse> response, ContentRange range)
      : response_(std::move(response)),
        range_(range),
        content_type_(http::find_header(response_->headers(), "Content-Type").value_or("")),
        missing_(range.last + 1 - range.first) {}

  ByteCount size() const override { return {range_.total}; }
  std::uint64_t offset() const override { return range_.first; }
  const std::string& content_type() const override { return content_type_; }

  Task<Result<ByteView>> next() override {
    const auto part = co_await response_->next();
    if (!part) co_return tl::unexpected(part.error());
    if (part->size() > missing_ || (part->empty() && missing_ > 0)) {
      co_return fail(ErrorKind::unavailable, "the origin's body is not as long as its headers say");
    }
    missing_ -= part->size();
    co_return *part;
  }

 private:
  std::unique_ptr<http::ClientResponse> response_;
  ContentRange range_;
  std::string content_type_;
  std::uint64_t missing_;
};

// All of a layer that was read before its size was known.
class ReadStream final : public LayerStream {
 public:
  ReadStream(Bytes bytes, std::string content_type) : bytes_(std::move(bytes)), content_type_(std::move(content_type)) {}
  ByteCount size() const override { return {bytes_.size()}; }
  std::uint64_t offset() const override { return 0; }
  const std::string& content_type() const override { return content_type_; }
  Task<Result<ByteView>> next() override {
    const ByteView all = std::exchange(is_given_, true) ? ByteView() : ByteView(bytes_);
    co_return all;
  }

 private:
  Bytes bytes_;
  std::string content_type_;
  bool is_given_ = false;
};

bool take_number(std::string_view& text, std::uint64_t& number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc()) return false;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return true;
}

bool take_text(std::string_view& text, std::string_view wanted) {
  if (!text.starts_with(wanted)) return false;
  text.remove_prefix(wanted.size());
  return true;
}

// Of a 206: the bytes asked for, as far as the layer has them.
Result<ContentRange> ranged(const http::ClientResponse& response, Stretch asked) {
  const auto length = response.content_length();
  const auto range = parse_content_range(http::find_header(response.headers(), "Content-Range").value_or(""));
  const bool fits = range && range->first == asked.first && range->last + 1 == std::min(asked.end, range->total) &&
                    (!length || *length == range->last + 1 - range->first);
  if (!fits) return fail(ErrorKind::unavailable, "the origin answers with another range than the one asked for");
  return *range;
}

// A 206 of the whole is what RFC 9110 section 15.3.7 lets a server send for the whole too; some proxies do.
Result<ContentRange> promised_range(const http::ClientResponse& response, std::uint64_t from,
                                    std::optional<ByteCount> size) {
  if (response.status() != 200) return ranged(response, {from, std::numeric_limits<std::uint64_t>::max()});
  auto length = response.content_length();
  if (!length && size) length = size->value;
  if (!length) return fail(ErrorKind::refused, "the origin sends the layer without a length");
  return ContentRange{0, *length - 1, *length};
}

Result<std::unique_ptr<LayerStream>> stream_of(std::unique_ptr<http::ClientResponse> response,
                                               const Result<ContentRange>& range) {
  if (!range) return tl::unexpected(range.error());
  if (ByteCount{range->total} > largest_layer) return fail(ErrorKind::refused, "the layer is larger than 1 TiB");
  return std::make_unique<RangedStream>(std::move(response), *range);
}

}  // namespace

std::optional<ContentRange> parse_content_range(std::string_view value) {
  ContentRange range;
  const bool sound = take_text(value, "bytes ") && take_number(value, range.first) && take_text(value, "-") &&
                     take_number(value, range.last) && take_text(value, "/") && take_number(value, range.total) &&
                     value.empty();
  if (!sound || range.first > range.last || range.last >= range.total) return std::nullopt;
  return range;
}

bool lacks_length(const http::ClientResponse& response) {
  return response.status() == 200 && !response.content_length();
}

Result<std::unique_ptr<LayerStream>> make_layer_stream(std::unique_ptr<http::ClientResponse> response,
                                                       std::uint64_t from, std::optional<ByteCount> size) {
  const auto range = promised_range(*response, from, size);
  return stream_of(std::move(response), range);
}

Task<Result<MeasuredLayer>> measure_layer(std::unique_ptr<http::ClientResponse> response, ByteCount most) {
  std::string type = http::find_header(response->headers(), "Content-Type").value_or("");
  Bytes kept;
  ByteCount size{};
  for (;;) {
    const auto part = co_await response->next();
    if (!part) co_return tl::unexpected(part.error());
    if (part->empty()) break;
    size = ByteCount{size.value + part->size()};
    if (size > largest_layer) co_return fail(ErrorKind::refused, "the layer is larger than 1 TiB");
    if (size <= most) {
      kept.insert(kept.end(), part->begin(), part->end());
    } else {
      kept = Bytes();
    }
  }
  MeasuredLayer measured{size, nullptr};
  if (size <= most) measured.stream = std::make_unique<ReadStream>(std::move(kept), std::move(type));
  co_return std::move(measured);
}

Result<std::unique_ptr<LayerStream>> make_part_stream(std::unique_ptr<http::ClientResponse> response, Stretch part) {
  const auto range = ranged(*response, part);
  return stream_of(std::move(response), range);
}

}  // namespace shoal::origin
