#include "tracker/seeder/current_source.hpp"

namespace shoal::tracker::seeder {
namespace {

constexpr Milliseconds look{250};  // whether others have come

}  // namespace

struct CurrentSource::Read {
  explicit Read(Loop& loop) : ended(loop) {}
  std::optional<Result<Bytes>> bytes{};
  Signal ended;
};

Task<void> CurrentSource::read(SharedSource source, std::shared_ptr<Read> reading) {
  const Result<ByteView> bytes = co_await source->stream->next();
  reading->bytes = bytes.map([](ByteView some) { return copy_of(some); });
  reading->ended.notify();
}

Task<Result<Bytes>> CurrentSource::next() {
  const auto reading = std::make_shared<Read>(parts_.loop);
  const Time asked = parts_.clock.now();
  spawn(parts_.loop, read(source_, reading));
  bool was_beside = false;
  while (!reading->bytes) {
    const bool is_silent = parts_.clock.now() - asked >= silence;
    was_beside = was_beside || (is_silent && openings_->has_other_registry(*source_));
    if (was_beside && openings_->ask_beside(*source_, source_->stream->position())) {
      Error cause{ErrorKind::unavailable, "the registry sends nothing more, and another caller's is asked"};
      left_at_ = source_->stream->position();
      source_ = openings_->abandon(*source_, cause);
      openings_->close_open();
      co_return tl::unexpected(std::move(cause));
    }
    co_await reading->ended.wait_for(parts_.clock, look);
  }
  if (was_beside) openings_->close_open();
  left_at_ = source_->stream->position();
  co_return std::move(*reading->bytes);
}

void CurrentSource::note_origin(const std::string& upstream) {
  if (!origin_) origin_ = upstream;
  if (*origin_ != upstream) origin_ = "";
}

std::vector<std::string> CurrentSource::upstreams() const {
  return origin_.value_or("").empty() ? std::vector<std::string>() : std::vector{*origin_};
}

}  // namespace shoal::tracker::seeder
