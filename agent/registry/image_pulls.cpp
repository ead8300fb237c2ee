#include "agent/registry/image_pulls.hpp"

#include <algorithm>
#include <utility>

#include "shared/log/log.hpp"

namespace shoal::agent::registry {
namespace {

constexpr Milliseconds quiet{5'000};  // a runtime that is at work asks for its next layer sooner
constexpr Milliseconds check{1'000};

// At once: a kubelet starts at most 110 pods, most from images that are there. The one that is quiet longest is told for
// a new one.
constexpr std::size_t most_pulls = 64;
constexpr std::size_t most_digests = 256;  // of one: an image has at most 127 layers, an index some tens of manifests

}  // namespace

ImagePulls::Number ImagePulls::number_of(const Digest& digest) const {
  const auto number = pull_of_.find(digest);
  return number == pull_of_.end() ? 0 : number->second;
}

ImagePulls::Pull* ImagePulls::find(Number number) {
  const auto pull = pulls_.find(number);
  return pull == pulls_.end() ? nullptr : &pull->second;
}

void ImagePulls::name(Number number, Pull& pull, const Digest& digest) {
  if (pull.digests.size() >= most_digests) return;
  pull.digests.push_back(digest);
  pull_of_[digest] = number;
}

ImagePulls::Pull& ImagePulls::enter(const ManifestSeen& manifest) {
  if (Pull* known = find(number_of(manifest.digest))) return *known;
  if (pulls_.size() >= most_pulls) {
    const auto oldest = std::min_element(pulls_.begin(), pulls_.end(), [](const auto& one, const auto& other) {
      return std::pair(one.second.last, one.first) < std::pair(other.second.last, other.first);
    });
    tell(oldest->first);
  }
  Pull entered{.image = manifest.image,
               .has_tag = manifest.by_tag,
               .digest = manifest.digest,
               .client = manifest.client,
               .started = manifest.asked,
               .last = manifest.asked};
  Pull& pull = pulls_.emplace(++last_number_, std::move(entered)).first->second;
  if (pulls_.size() == 1) spawn(loop_, watch());
  name(last_number_, pull, manifest.digest);
  return pull;
}

void ImagePulls::see(ManifestSeen manifest) {
  Pull& pull = enter(manifest);
  pull.last = clock_.now();
  if (manifest.by_tag && !std::exchange(pull.has_tag, true)) pull.image = std::move(manifest.image);
  const Number number = number_of(manifest.digest);
  for (const Digest& digest : manifest.names) {
    if (number_of(digest) != number) name(number, pull, digest);
  }
}

ImagePulls::Number ImagePulls::begin_blob(const Digest& digest) {
  const Number number = number_of(digest);
  if (Pull* pull = find(number)) {
    ++pull->running;
    ++pull->blobs;
    pull->last = clock_.now();
  }
  return number;
}

void ImagePulls::end_blob(Number number, bool failed) {
  Pull* pull = find(number);
  if (!pull) return;
  --pull->running;
  if (failed) ++pull->failed;
  pull->last = clock_.now();
}

void ImagePulls::serve(const Digest& digest, const pull::SourceBytes& bytes) {
  for (std::size_t i = 0; i < bytes.bytes.size(); ++i) metrics_.served_bytes.at(i).add(bytes.bytes.at(i));
  Pull* pull = find(number_of(digest));
  if (!pull) return;
  pull->bytes += bytes;
  pull->last = clock_.now();
}

Task<Result<void>> ImagePulls::send(http::Exchange& exchange, Digest digest, pull::Source source, Bytes bytes) {
  const std::uint64_t before = exchange.sent_bytes();
  const Result<void> sent = co_await exchange.send(std::move(bytes));
  pull::SourceBytes served;
  served.of(source) = exchange.sent_bytes() - before;
  serve(digest, served);
  co_return sent;
}

void ImagePulls::tell(Number number) {
  using pull::Source;
  const Pull ended = std::move(pulls_.at(number));
  pulls_.erase(number);
  for (const Digest& digest : ended.digests) {
    if (number_of(digest) == number) pull_of_.erase(digest);
  }
  const auto took = std::chrono::duration_cast<Milliseconds>(ended.last - ended.started);
  const pull::SourceBytes& from = ended.bytes;
  log::info("registry", "image pulled",
            {{"image", ended.image},
             {"digest", ended.digest.text()},
             {"client", ended.client},
             {"milliseconds", took.count()},
             {"blob_requests", ended.blobs},
             {"failed_requests", ended.failed},
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

Task<void> ImagePulls::watch() {
  while (!pulls_.empty()) {
    co_await clock_.sleep(check);
    std::vector<Number> ended;
    for (const auto& [number, pull] : pulls_) {
      if (pull.running == 0 && clock_.now() - pull.last >= quiet) ended.push_back(number);
    }
    for (const Number number : ended) tell(number);
  }
}

}  // namespace shoal::agent::registry
