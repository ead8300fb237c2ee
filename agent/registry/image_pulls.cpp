#include "agent/registry/image_pulls.hpp"

#include <algorithm>
#include <utility>

#include "shared/log/log.hpp"

namespace shoal::agent::registry {
namespace {

constexpr Milliseconds quiet{5'000};  // a runtime that is at work asks for its next layer sooner
constexpr Milliseconds quiet_of_parts{60'000};  // readers of files inside layers ask now and then
constexpr Milliseconds check{1'000};

// A pull that does not end is told in the activity log all the same: nobody keeps out of it by never being quiet.
constexpr Milliseconds longest_untold{600'000};

// At once: a kubelet starts at most 110 pods, most from images that are there. The one that is quiet longest is told for
// a new one.
constexpr std::size_t most_pulls = 128;
constexpr std::size_t most_digests = 256;  // of one: an image has at most 127 layers, an index some tens of manifests

}  // namespace

ImagePulls::Number ImagePulls::number_of(const Digest& digest, const std::string& repository,
                                         const activity::Caller& caller) const {
  Number found = 0;
  Number read = 0;
  const auto [begin, end] = pulls_of_.equal_range(digest);
  for (auto each = begin; each != end; ++each) {
    const Pull& pull = pulls_.at(each->second);
    const bool is_of_caller = pull.repository == repository && pull.told.caller == caller;
    if (!is_of_caller || (found != 0 && pull.read < read)) continue;
    found = each->second;
    read = pull.read;
  }
  return found;
}

ImagePulls::Pull* ImagePulls::find(Number number) {
  const auto pull = pulls_.find(number);
  return pull == pulls_.end() ? nullptr : &pull->second;
}

void ImagePulls::name(Number number, Pull& pull, const Digest& digest) {
  const bool is_named = std::find(pull.digests.begin(), pull.digests.end(), digest) != pull.digests.end();
  if (is_named || pull.digests.size() >= most_digests) return;
  pull.digests.push_back(digest);
  pulls_of_.emplace(digest, number);
}

ImagePulls::Number ImagePulls::enter(Pull pull) {
  if (pulls_.size() >= most_pulls) {
    const auto oldest = std::min_element(pulls_.begin(), pulls_.end(), [](const auto& one, const auto& other) {
      return std::pair(one.second.last, one.first) < std::pair(other.second.last, other.first);
    });
    tell(oldest->first);
  }
  pull.last = pull.told_last = pull.told.began;
  const Number number = ++last_number_;
  Pull& entered = pulls_.emplace(number, std::move(pull)).first->second;
  if (!std::exchange(is_watching_, true)) spawn(loop_, watch());
  name(number, entered, entered.told.digest);
  return number;
}

ImagePulls::Number ImagePulls::see(ManifestSeen manifest) {
  if (activity_) activity_->serve(manifest.repository, manifest.caller);
  Number number = number_of(manifest.digest, manifest.repository, manifest.caller);
  const bool is_new = number == 0 || !pulls_.at(number).told.is_image;
  if (is_new) {
    number = enter({.told = {.is_image = true,
                             .image = manifest.image,
                             .digest = manifest.digest,
                             .caller = std::move(manifest.caller),
                             .began = manifest.asked,
                             .ended = manifest.asked},
                    .repository = std::move(manifest.repository),
                    .has_tag = manifest.by_tag,
                    .quiet = quiet});
  }
  Pull& pull = pulls_.at(number);
  pull.read = ++last_read_;
  pull.last = clock_.now();
  ++pull.told.counts.requests;
  if (manifest.by_tag && !std::exchange(pull.has_tag, true)) pull.told.image = std::move(manifest.image);
  for (const Digest& digest : manifest.names) name(number, pull, digest);
  return number;
}

ImagePulls::Number ImagePulls::begin_blob(const http::Exchange& exchange, const BlobSeen& blob) {
  Number number = number_of(blob.digest, blob.repository, blob.caller);
  if (number == 0) {
    number = enter({.told = {.image = blob.repository,
                             .digest = blob.digest,
                             .caller = blob.caller,
                             .began = blob.asked,
                             .ended = blob.asked},
                    .repository = blob.repository,
                    .quiet = quiet});
  }
  Pull& pull = pulls_.at(number);
  ++pull.running;
  ++pull.counts.requests;
  ++pull.told.counts.requests;
  pull.last = clock_.now();
  running_[&exchange.request()] = number;
  return number;
}

void ImagePulls::end_blob(const http::Exchange& exchange, unsigned status) {
  const auto running = running_.find(&exchange.request());
  if (running == running_.end()) return;
  const Number number = running->second;
  running_.erase(running);
  Pull* pull = find(number);
  if (!pull) return;
  --pull->running;
  pull->last = clock_.now();
  const bool failed = status == 0 || status >= 400;
  if (failed) ++pull->counts.failed_requests;
  if (failed) ++pull->told.counts.failed_requests;
  if (!failed && activity_) activity_->serve(pull->repository, pull->told.caller);
  if (pull->told.is_image) return;
  if (status == 206) pull->quiet = quiet_of_parts;
  // It was refused or is not there: no pull.
  if (pull->running == 0 && pull->counts.failed_requests == pull->counts.requests) erase(number);
}

void ImagePulls::add(Pull& pull, const pull::SourceBytes& bytes) {
  pull.counts.bytes += bytes;
  pull.told.counts.bytes += bytes;
  pull.last = clock_.now();
}

void ImagePulls::serve(const http::Exchange& exchange, const pull::SourceBytes& bytes) {
  const auto running = running_.find(&exchange.request());
  serve(running == running_.end() ? 0 : running->second, bytes);
}

void ImagePulls::serve(Number number, const pull::SourceBytes& bytes) {
  for (std::size_t i = 0; i < bytes.bytes.size(); ++i) metrics_.served_bytes.at(i).add(bytes.bytes.at(i));
  if (Pull* pull = find(number)) add(*pull, bytes);
}

Task<Result<void>> ImagePulls::send(http::Exchange& exchange, pull::Source source, Bytes bytes) {
  const std::uint64_t before = exchange.sent_bytes();
  const Result<void> sent = co_await exchange.send(std::move(bytes));
  pull::SourceBytes served;
  served.of(source) = exchange.sent_bytes() - before;
  serve(exchange, served);
  co_return sent;
}

void ImagePulls::erase(Number number) {
  const auto pull = pulls_.find(number);
  for (const Digest& digest : pull->second.digests) {
    const auto [begin, end] = pulls_of_.equal_range(digest);
    const auto entry = std::find_if(begin, end, [number](const auto& each) { return each.second == number; });
    if (entry != end) pulls_of_.erase(entry);
  }
  pulls_.erase(pull);
}

// What came since it was told last.
void ImagePulls::tell_activity(Pull& pull, bool goes_on) {
  pull.told.ended = pull.last;
  pull.told.goes_on = goes_on;
  pull.told_last = clock_.now();
  if (activity_) activity_->tell(pull.told);
  pull.told.counts = {};
}

void ImagePulls::tell(Number number) {
  using pull::Source;
  Pull ended = pulls_.at(number);
  erase(number);
  tell_activity(ended, false);
  if (!ended.told.is_image) return;
  const auto took = std::chrono::duration_cast<Milliseconds>(ended.last - ended.told.began);
  const pull::SourceBytes& from = ended.counts.bytes;
  log::info("registry", "image pulled",
            {{"image", ended.told.image},
             {"digest", ended.told.digest.text()},
             {"client", ended.told.caller.client},
             {"milliseconds", took.count()},
             {"blob_requests", ended.counts.requests},
             {"failed_requests", ended.counts.failed_requests},
             {"bytes", from.sum()},
             {"held", from.sum() == from.of(Source::store)},
             {"from_store_bytes", from.of(Source::store)},
             {"from_peers_bytes", from.of(Source::peer)},
             {"from_seeder_bytes", from.of(Source::seeder)},
             {"from_holder_bytes", from.of(Source::holder)},
             {"from_origin_bytes", from.of(Source::origin)},
             {"from_partial_bytes", from.of(Source::partial)},
             {"passed_through_bytes", from.of(Source::passed_through)}});
}

void ImagePulls::tell_all() {
  while (!pulls_.empty()) tell(pulls_.begin()->first);
}

void ImagePulls::tell_due() {
  const Time now = clock_.now();
  std::vector<Number> ended;
  for (auto& [number, pull] : pulls_) {
    if (pull.running == 0 && now - pull.last >= pull.quiet) {
      ended.push_back(number);
    } else if (now - pull.told_last >= longest_untold) {
      tell_activity(pull, true);
    }
  }
  for (const Number number : ended) tell(number);
}

Task<void> ImagePulls::watch() {
  while (!pulls_.empty()) {
    co_await clock_.sleep(check);
    tell_due();
  }
  is_watching_ = false;
}

}  // namespace shoal::agent::registry
