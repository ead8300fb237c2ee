#include "tracker/seeder/openings.hpp"

#include <algorithm>

namespace shoal::tracker::seeder {

void Openings::add(const SeedRequest& request) {
  if (const SharedSource known = find(request)) {
    if (known->state != State::failed || !known->is_told || phase_ != Phase::choosing) return;
    known->state = State::unasked;  // its callers were told, and ask again
    known->is_told = false;
    return changed_.notify();
  }
  if (sources_.size() >= most) return;
  auto holders = asks_holders_ ? parts_.find_holders(request.digest) : std::deque<control::Endpoint>();
  sources_.push_back(std::make_shared<Source>(parts_, request, std::move(holders)));
  changed_.notify();
}

SharedSource Openings::find(const SeedRequest& request) const {
  const auto found = std::ranges::find_if(sources_, [&](const auto& source) { return source->request.asks_as(request); });
  return found == sources_.end() ? nullptr : *found;
}

bool Openings::has(const SeedRequest& request) const {
  const SharedSource source = find(request);
  return source && source->state != State::failed;
}

SharedSource Openings::find(State state) const {
  const auto found = std::ranges::find_if(sources_, [state](const auto& source) { return source->state == state; });
  return found == sources_.end() ? nullptr : *found;
}

Task<SharedSource> Openings::next(std::shared_ptr<Openings> self, std::uint64_t from) {
  self->from_ = from;
  self->phase_ = Phase::choosing;
  for (;;) {
    self->ask_next();
    if (const SharedSource opened = self->find(State::open)) {
      self->choose(*opened);
      co_return opened;
    }
    if (self->tell_refusals()) co_return nullptr;
    if (!self->find(State::opening)) continue;  // the one that was asked has failed at once
    co_await self->changed_.wait_for(self->parts_.clock, self->time_to_next());
  }
}

// Another one that answered in the same moment is closed: nobody would read it.
void Openings::choose(Source& opened) {
  opened.state = State::used;
  close_open();
}

void Openings::close_open() {
  for (const SharedSource& source : sources_) {
    if (source->state != State::open) continue;
    source->stream.reset();
    source->state = State::unasked;
  }
  phase_ = Phase::chosen;
}

bool Openings::ask_beside(const Source& used, std::uint64_t from) {
  phase_ = Phase::choosing;
  from_ = from;
  for (const SharedSource& source : sources_) {
    const bool is_untold = source->state == State::failed && source.get() != &used && !source->is_told;
    if (is_untold) on_refused_(source->request, source->cause);
    if (is_untold) source->is_told = true;
  }
  ask_next();
  const SharedSource opened = find(State::open);
  return opened && opened->request.repository.upstream != used.request.repository.upstream;
}

// While a registry is being asked, or sends, only another one: a registry that is slow, or limits its requests, is for all its
// repositories.
SharedSource Openings::find_next() const {
  const auto is_asked = [this](const std::string& upstream) {
    return std::ranges::any_of(sources_, [&](const auto& source) {
      const bool is_busy = source->state == State::opening || source->state == State::used;
      return is_busy && source->request.repository.upstream == upstream;
    });
  };
  const auto found = std::ranges::find_if(sources_, [&](const auto& source) {
    return source->state == State::unasked && !is_asked(source->request.repository.upstream);
  });
  return found == sources_.end() ? nullptr : *found;
}

void Openings::ask_next() {
  if (find(State::open)) return;  // it is read, and no other registry need send a byte
  const SharedSource source = find_next();
  if (!source || time_to_next() > Milliseconds::zero()) return;
  source->state = State::opening;
  asked_at_ = parts_.clock.now();
  spawn(parts_.loop, open(shared_from_this(), source));
}

// A source that is being opened ends by itself, within `limits.open_time` and the origin's own limits.
Milliseconds Openings::time_to_next() const {
  if (!find(State::opening)) return Milliseconds::zero();
  if (!find_next()) return limits.open_time;
  return std::max(Milliseconds::zero(), std::chrono::ceil<Milliseconds>(asked_at_ + patience - parts_.clock.now()));
}

Task<void> Openings::open(std::shared_ptr<Openings> self, SharedSource source) {
  const std::uint64_t from = self->from_;
  const Result<void> opened = co_await self->open_one(source, from);
  const bool is_late = self->phase_ != Phase::choosing || self->from_ != from;
  if (is_late) {  // another one was chosen: no connection waits for it
    source->stream.reset();
    source->state = State::unasked;
    self->changed_.notify();
    co_return;
  }
  source->state = opened ? State::open : State::failed;
  if (!opened) source->cause = opened.error();
  self->changed_.notify();
}

// Each agent is asked once, then the origin: an agent may say a wrong size, which is no reason to refuse the layer.
Task<Result<void>> Openings::open_one(SharedSource source, std::uint64_t from) {
  for (;;) {
    if (size_) source->bytes.expect(*size_);
    origin::LayerName name{source->request.digest, source->request.image()};
    source->stream.emplace(source->bytes, parts_.clock, std::move(name), limits, from);
    Result<void> opened = co_await source->stream->open();
    if (opened) opened = check_size(*source);
    if (opened || !source->bytes.holder()) co_return opened;
  }
}

Result<void> Openings::check_size(const Source& source) const {
  const ByteCount said = source.stream->size();
  const SeedRequest& request = source.request;
  if (size_ && said != *size_) return fail(ErrorKind::corrupt, "the origin's layer has another size than before");
  if (size_) return {};
  if (source.bytes.holder() && request.size_hint_bytes != 0 && said.value != request.size_hint_bytes)
    return fail(ErrorKind::refused, "an agent's layer has another size than its manifest says");
  if (request.kind == origin::Kind::manifest && said > origin::largest_manifest)
    return fail(ErrorKind::refused, "the manifest is too large");
  return {};
}

// True when no source is left; the last one's callers are told by the fetch.
bool Openings::tell_refusals() {
  const bool is_over = !find(State::opening) && !find(State::unasked);
  std::vector<SharedSource> untold;
  for (const SharedSource& source : sources_) {
    if (source->state == State::failed && !std::exchange(source->is_told, true)) untold.push_back(source);
  }
  if (is_over && !untold.empty()) {
    last_failed_ = untold.back();
    untold.pop_back();
  }
  for (const SharedSource& source : untold) on_refused_(source->request, source->cause);
  return is_over;
}

void Openings::drop(Source& source, const Error& cause) {
  source.stream.reset();
  source.state = State::failed;
  source.cause = cause;
}

bool Openings::has_other(const Source& source) const {
  return std::ranges::any_of(sources_, [&](const auto& other) {
    return other.get() != &source && other->state != State::failed;
  });
}

bool Openings::has_other_registry(const Source& source) const {
  return std::ranges::any_of(sources_, [&](const auto& other) {
    return other->state != State::failed && other->request.repository.upstream != source.request.repository.upstream;
  });
}

SharedSource Openings::abandon(const Source& source, const Error& cause) {
  const auto failed = std::make_shared<Source>(parts_, source.request, std::deque<control::Endpoint>());
  failed->state = State::failed;
  failed->cause = cause;
  std::ranges::replace_if(sources_, [&](const SharedSource& other) { return other.get() == &source; }, failed);
  return failed;
}

std::vector<SeedRequest> Openings::requests(const Source* last) const {
  std::vector<SeedRequest> requests;
  for (const SharedSource& source : sources_) {
    if (source.get() != last && source->state != State::failed) requests.push_back(source->request);
  }
  if (last != nullptr) requests.push_back(last->request);
  if (requests.empty()) requests.push_back(last_failed_->request);
  return requests;
}

void Openings::close() {
  phase_ = Phase::closed;
  for (const SharedSource& source : sources_) {
    if (source->state != State::opening) source->stream.reset();
  }
}

}  // namespace shoal::tracker::seeder
