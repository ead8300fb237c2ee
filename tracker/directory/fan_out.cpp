#include "tracker/directory/fan_out.hpp"

#include <algorithm>

namespace shoal::tracker::directory {

std::optional<NodeId> FanOut::source_for(const Question& question, const Distance& distance, Time now,
                                         std::mt19937& random) {
  const auto& [digest, node, holders] = question;
  Layer& layer = layers_[digest];
  layer.asked = now;
  const auto [place, is_new] = layer.takers.try_emplace(node);
  Taker& taker = place->second;
  const bool again = !is_new && taker.waiting;
  if (!is_new) ends(taker);
  Source best;
  Score lowest{tracker_counts * (load(best) + 1), 1};
  // An agent that asks again was not served: the tracker has the layer for certain.
  if (!again) {
    std::vector<NodeId> candidates = some_of(layer.order, random);
    candidates.insert(candidates.end(), holders.begin(), holders.end());
    for (const NodeId candidate : candidates) {
      const auto away = distance(candidate);
      const auto steps = away ? steps_to(layer, candidate, node) : std::nullopt;
      if (!steps) continue;
      const Score score{load(candidate) + step_counts * static_cast<double>(*steps + *away), *steps == 0 ? 0 : 2};
      if (score < lowest) best = candidate, lowest = score;
    }
  }
  begins(taker, best);
  if (is_new) layer.order.push_back(node);
  return best;
}

// How often the layer must still be sent on before `agent` has it; nothing when `node` is on that way.
std::optional<std::size_t> FanOut::steps_to(const Layer& layer, NodeId agent, NodeId node) {
  std::size_t steps = 0;
  for (Source at = agent; at; ++steps) {
    if (*at == node) return std::nullopt;
    const auto taker = layer.takers.find(*at);
    if (taker == layer.takers.end() || !taker->second.waiting) break;  // it has it
    at = taker->second.source;
  }
  return steps;
}

std::vector<NodeId> FanOut::some_of(const std::vector<NodeId>& takers, std::mt19937& random) {
  if (takers.size() <= looked_at) return takers;
  std::vector<NodeId> some;
  std::sample(takers.begin(), takers.end(), std::back_inserter(some), looked_at, random);
  return some;
}

std::size_t FanOut::busy(Source source) const {
  const auto found = busy_.find(source);
  return found == busy_.end() ? 0 : found->second;
}

double FanOut::load(Source source) const {
  const auto recent = recent_.find(source);
  return static_cast<double>(busy(source)) + (recent == recent_.end() ? 0 : recent->second * recent_counts);
}

void FanOut::begins(Taker& taker, Source source) {
  taker = {source, true};
  ++busy_[source];
  recent_[source] += 1;
}

void FanOut::ends(Taker& taker) {
  const auto found = busy_.find(taker.source);
  if (!std::exchange(taker.waiting, false) || found == busy_.end()) return;
  if (--found->second == 0) busy_.erase(found);
}

void FanOut::note_held(NodeId node, const Digest& digest) {
  const auto layer = layers_.find(digest);
  if (layer == layers_.end()) return;
  const auto taker = layer->second.takers.find(node);
  if (taker != layer->second.takers.end()) ends(taker->second);
}

void FanOut::remove(NodeId node) {
  for (auto& [digest, layer] : layers_) {
    const auto taker = layer.takers.find(node);
    if (taker == layer.takers.end()) continue;
    ends(taker->second);
    layer.takers.erase(taker);
    std::erase(layer.order, node);
  }
}

void FanOut::tick(Time now) {
  for (auto& [source, agents] : recent_) agents /= 2;
  std::erase_if(recent_, [](const auto& entry) { return entry.second < 0.1; });
  for (auto layer = layers_.begin(); layer != layers_.end();) {
    if (now - layer->second.asked < remembered) {
      ++layer;
      continue;
    }
    for (auto& [node, taker] : layer->second.takers) ends(taker);
    layer = layers_.erase(layer);
  }
}

}  // namespace shoal::tracker::directory
