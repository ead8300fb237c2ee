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
  const SharedDownload download = std::get<SharedDownload>(source_);
  Result<void> admitted;
  if (admission_) admitted = co_await admission_->bytes(std::nullopt);
  if (!admitted) co_return admitted;
  const auto end = co_await download->readable(size().value);
  if (!end) co_return tl::unexpected(end.error());
  if (admission_) admitted = co_await admission_->bytes(std::nullopt);
  co_return admitted;
}

Task<Result<void>> Layer::verified_within(Milliseconds limit) const {
  if (held()) co_return Result<void>();
  const SharedDownload download = std::get<SharedDownload>(source_);
  Result<void> admitted;
  if (admission_) admitted = co_await admission_->bytes(limit);
  if (!admitted) co_return admitted;
  const auto end = co_await download->readable_within(size().value, limit);
  if (!end) co_return tl::unexpected(end.error());
  if (admission_) admitted = co_await admission_->bytes(limit);
  co_return admitted;
}

Window::Reader Layer::reader() const {
  const SharedDownload& download = std::get<SharedDownload>(source_);
  if (!*reader_ && download->passage()) *reader_ = download->passage()->add_reader();
  return *reader_;
}

Task<Result<store::VerifiedSpan>> Layer::readable(std::uint64_t from) const {
  if (const auto* layer = std::get_if<store::HeldLayer>(&source_)) co_return layer->readable(from);
  const SharedDownload download = std::get<SharedDownload>(source_);
  Result<void> admitted;
  if (admission_) admitted = co_await admission_->bytes(std::nullopt);
  if (!admitted) co_return tl::unexpected(admitted.error());
  auto span = co_await download->readable(from, reader());
  // While it was waited for, another registry may have gone on with the layer.
  if (span && admission_) admitted = co_await admission_->bytes(std::nullopt);
  if (!admitted) co_return tl::unexpected(admitted.error());
  co_return span;
}

Task<Result<store::VerifiedSpan>> Layer::readable_within(std::uint64_t from, Milliseconds limit) const {
  if (const auto* layer = std::get_if<store::HeldLayer>(&source_)) co_return layer->readable(from);
  const SharedDownload download = std::get<SharedDownload>(source_);
  const auto admission = admission_;
  Result<void> admitted;
  if (admission) admitted = co_await admission->bytes(limit);
  if (!admitted) co_return tl::unexpected(admitted.error());
  auto span = co_await download->readable_within(from, limit, reader());
  if (span && admission) admitted = co_await admission->bytes(limit);
  if (!admitted) co_return tl::unexpected(admitted.error());
  co_return span;
}

}  // namespace shoal::agent::pull
