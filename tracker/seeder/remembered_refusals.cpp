#include "tracker/seeder/remembered_refusals.hpp"

#include <algorithm>

#include "shared/crypto/hasher.hpp"

namespace shoal::tracker::seeder {
namespace {

// To tell callers apart without keeping what they show.
std::optional<Digest> caller_of(const SeedRequest& request) {
  if (request.authorization.empty()) return std::nullopt;
  return digest_of(DigestAlgorithm::sha256, bytes_of(request.authorization.reveal()));
}

}  // namespace

void RememberedRefusals::store(const SeedRequest& request, const Refusal& refusal) {
  if (!layers_.contains(request.digest) && layers_.size() >= most_layers) return;
  std::vector<Remembered>& of_layer = layers_[request.digest];
  const auto caller = caller_of(request);
  std::erase_if(of_layer, [&](const Remembered& old) { return old.request.same_source(request) && old.caller == caller; });
  if (of_layer.size() >= most_of_layer) of_layer.erase(of_layer.begin());
  of_layer.push_back({request.without_authorization(), caller, refusal, clock_.now()});
}

const Refusal* RememberedRefusals::find(const SeedRequest& request) const {
  const auto of_layer = layers_.find(request.digest);
  if (of_layer == layers_.end()) return nullptr;
  const auto caller = caller_of(request);
  const auto found = std::ranges::find_if(of_layer->second, [&](const Remembered& one) {
    return clock_.now() - one.at < keep && one.request.same_source(request) && one.caller == caller;
  });
  return found == of_layer->second.end() ? nullptr : &found->refusal;
}

void RememberedRefusals::tick() {
  for (auto& [digest, of_layer] : layers_) {
    std::erase_if(of_layer, [now = clock_.now()](const Remembered& one) { return now - one.at >= keep; });
  }
  std::erase_if(layers_, [](const auto& item) { return item.second.empty(); });
}

}  // namespace shoal::tracker::seeder
