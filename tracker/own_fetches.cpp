#include "tracker/own_fetches.hpp"

#include <algorithm>

#include "shared/log/log.hpp"

namespace shoal::tracker {

template <class Visit>
void OwnFetches::for_each(const Digest& digest, Visit visit) {
  auto fetch = fetches_.lower_bound({digest, "", ""});
  for (; fetch != fetches_.end() && fetch->first.digest == digest; ++fetch) visit(fetch->second);
}

bool OwnFetches::is_fetching(NodeId node, const Digest& digest, const std::string& upstream) const {
  auto fetch = fetches_.lower_bound({digest, upstream, ""});
  for (; fetch != fetches_.end() && fetch->first.digest == digest && fetch->first.upstream == upstream; ++fetch) {
    if (fetch->second.fetching.contains(node)) return true;
  }
  return false;
}

bool OwnFetches::wait(NodeId node, const control::Join& join) {
  const auto found = fetches_.find(key_of(join));
  return found != fetches_.end() && take(node, join, found->second.refusal);
}

bool OwnFetches::take(NodeId node, const control::Join& join, const control::OriginAnswer& refusal) {
  if (!join.has_credential || !join.credential.empty()) return false;
  const Key key = key_of(join);
  if (!fetches_.contains(key) && fetches_.size() >= most_layers) return false;
  Fetch& fetch = fetches_[key];
  fetch.refusal = control::OriginAnswer(refusal);
  fetch.fetching.erase(node);  // it asks anew: it may be let in again
  std::erase_if(fetch.waiting, [node](const WaitingJoin& other) { return other.node == node; });
  fetch.waiting.push_back({node, join});
  let_in(join.digest, fetch);
  return true;
}

void OwnFetches::let_in(const Digest& digest, Fetch& fetch) {
  while (fetch.fetching.size() < fetch.width && !fetch.waiting.empty()) {
    const WaitingJoin next = std::move(fetch.waiting.front());
    fetch.waiting.pop_front();
    if (!links_.contains(next.node)) continue;
    fetch.fetching[next.node] = clock_.now();
    begun_.add();
    const control::Source& source = next.join.source;
    log::info("tracker", "layer left to an agent and its caller's credential",
              {{"digest", digest.text()},
               {"image", source.upstream + "/" + source.repository},
               {"waiting_agents", fetch.waiting.size()}});
    links_.send(next.node, control::Refused{.digest = digest,
                                            .reason = control::Reason::own_fetch,
                                            .what = "this node fetches it for the others, with its caller's credential",
                                            .answer = fetch.refusal,
                                            .upstream = source.upstream});
  }
}

std::vector<WaitingJoin> OwnFetches::held(const std::vector<Digest>& digests) {
  std::vector<WaitingJoin> joins;
  for (const Digest& digest : digests) {
    for_each(digest, [&joins](const Fetch& fetch) {
      joins.insert(joins.end(), fetch.waiting.begin(), fetch.waiting.end());
    });
    auto fetch = fetches_.lower_bound({digest, "", ""});
    while (fetch != fetches_.end() && fetch->first.digest == digest) fetch = fetches_.erase(fetch);
  }
  return joins;
}

void OwnFetches::fail(NodeId node, Fetch& fetch) {
  if (fetch.fetching.erase(node) > 0) fetch.width = std::min(fetch.width * 2, most_at_once);
}

void OwnFetches::failed(NodeId node, const std::vector<Digest>& digests) {
  for (const Digest& digest : digests) {
    for_each(digest, [&](Fetch& fetch) {
      fail(node, fetch);
      let_in(digest, fetch);
    });
  }
  remove_ended();
}

void OwnFetches::leave(NodeId node, const Digest& digest) {
  for_each(digest, [node](Fetch& fetch) {
    std::erase_if(fetch.waiting, [node](const WaitingJoin& other) { return other.node == node; });
  });
}

void OwnFetches::remove(NodeId node) {
  for (auto& [key, fetch] : fetches_) {
    std::erase_if(fetch.waiting, [node](const WaitingJoin& other) { return other.node == node; });
    fail(node, fetch);
    let_in(key.digest, fetch);
  }
  remove_ended();
}

void OwnFetches::remove_ended() {
  std::erase_if(fetches_, [](const auto& entry) { return entry.second.fetching.empty() && entry.second.waiting.empty(); });
}

void OwnFetches::tick() {
  const Time now = clock_.now();
  for (auto& [key, fetch] : fetches_) {
    std::erase_if(fetch.fetching, [now](const auto& entry) { return now - entry.second >= longest; });
    let_in(key.digest, fetch);
    for (const WaitingJoin& waiting : fetch.waiting) {
      links_.send(waiting.node, control::Waiting{.digest = key.digest, .is_fetched_by_agent = true});
    }
  }
  remove_ended();
}

}  // namespace shoal::tracker
