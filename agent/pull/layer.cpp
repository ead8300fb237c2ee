#include "agent/pull/layer.hpp"

namespace shoal::agent::pull {

std::string Layer::content_type() const {
  if (const auto* layer = std::get_if<store::HeldLayer>(&source_)) return layer->side().content_type;
  return std::get<SharedDownload>(source_)->content_type();
}

SourceBytes Layer::sources_of(std::uint64_t first, std::uint64_t end) const {
  const auto* download = std::get_if<SharedDownload>(&source_);
  if (download != nullptr && (*download)->begun()) return pull::sources_of(**download, first, end);
  SourceBytes held;
  held.of(Source::store) = end - first;
  return held;
}

// The end of a layer is readable once its digest has matched. The reader stays where it is.
Task<Result<void>> Layer::verified() const {
  if (held()) co_return Result<void>();
  const auto end = co_await std::get<SharedDownload>(source_)->readable(size().value);
  co_return end ? Result<void>() : tl::unexpected(end.error());
}

Task<Result<void>> Layer::verified_within(Milliseconds limit) const {
  if (held()) co_return Result<void>();
  const auto end = co_await std::get<SharedDownload>(source_)->readable_within(size().value, limit);
  co_return end ? Result<void>() : tl::unexpected(end.error());
}

Task<Result<store::VerifiedSpan>> Layer::readable(std::uint64_t from) const {
  if (const auto* layer = std::get_if<store::HeldLayer>(&source_)) co_return layer->readable(from);
  auto span = co_await std::get<SharedDownload>(source_)->readable(from, reader_);
  co_return span;
}

Task<Result<store::VerifiedSpan>> Layer::readable_within(std::uint64_t from, Milliseconds limit) const {
  if (const auto* layer = std::get_if<store::HeldLayer>(&source_)) co_return layer->readable(from);
  auto span = co_await std::get<SharedDownload>(source_)->readable_within(from, limit, reader_);
  co_return span;
}

}  // namespace shoal::agent::pull
