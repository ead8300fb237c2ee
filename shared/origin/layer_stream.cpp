#include "shared/origin/layer_stream.hpp"

#include <charconv>

#include "shared/layer/piece_layout.hpp"

namespace shoal::origin {
namespace {

class RangedStream final : public LayerStream {
 public:
  RangedStream(std::unique_ptr<http::ClientResponse> response, ContentRange range)
      : response_(std::move(response)),
        range_(range),
        content_type_(http::find_header(response_->headers(), "Content-Type").value_or("")),
        missing_(range.total - range.first) {}

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

Result<ContentRange> promised_range(const http::ClientResponse& response, std::uint64_t from) {
  const auto length = response.content_length();
  if (response.status() == 200) {
    if (!length) return fail(ErrorKind::refused, "the origin sends the layer without a length");
    return ContentRange{0, *length - 1, *length};
  }
  const auto range = parse_content_range(http::find_header(response.headers(), "Content-Range").value_or(""));
  const bool fits = range && from > 0 && range->first == from && range->last + 1 == range->total &&
                    (!length || *length == range->total - from);
  if (!fits) return fail(ErrorKind::unavailable, "the origin answers with another range than the one asked for");
  return *range;
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

Result<std::unique_ptr<LayerStream>> make_layer_stream(std::unique_ptr<http::ClientResponse> response,
                                                       std::uint64_t from) {
  const auto range = promised_range(*response, from);
  if (!range) return tl::unexpected(range.error());
  if (ByteCount{range->total} > largest_layer) return fail(ErrorKind::refused, "the layer is larger than 1 TiB");
  return std::make_unique<RangedStream>(std::move(response), *range);
}

}  // namespace shoal::origin
