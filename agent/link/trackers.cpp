#include "agent/link/trackers.hpp"

#include "shared/crypto/hasher.hpp"

namespace shoal::agent::link {

Trackers::Trackers(Loop& loop, Clock& clock, const std::vector<std::string>& urls,
                   std::function<control::Hello()> hello, const Dial& dial) {
  for (const std::string& url : urls) {
    LinkOptions options{.url = url, .dial = dial, .traffic = traffic_};
    links_.push_back(std::make_unique<TrackerLink>(loop, clock, std::move(options), hello));
  }
}

void Trackers::start(Listener& listener) {
  for (const auto& link : links_) link->start(listener);
}

void Trackers::stop() {
  for (const auto& link : links_) link->stop();
}

bool Trackers::any_up() const {
  return std::any_of(links_.begin(), links_.end(), [](const auto& link) { return link->up(); });
}

bool Trackers::all_dialled() const {
  return std::all_of(links_.begin(), links_.end(), [](const auto& link) { return link->health().dialled(); });
}

TrackerLink* Trackers::owner_of(std::string_view key) {
  TrackerLink* owner = nullptr;
  Hash256 highest{};
  for (const auto& link : links_) {
    if (!link->up()) continue;
    const Hash256 weight = hmac_sha256(bytes_of(link->url()), bytes_of(key));
    if (owner && weight <= highest) continue;
    owner = link.get();
    highest = weight;
  }
  return owner;
}

void Trackers::send_to_all(const control::AgentMessage& message) {
  for (const auto& link : links_) link->send(message);
}

}  // namespace shoal::agent::link
