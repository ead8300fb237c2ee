#include "shared/holder/sends.hpp"

#include <algorithm>
#include <set>

#include "shared/holder/limits.hpp"

namespace shoal::holder {

Sends::Send Sends::begin(std::string host, Time now) {
  const bool is_beside_another = std::ranges::any_of(*list_, [&](const Begun& send) { return send.host != host; });
  return {list_, {std::move(host), now, list_->size() + 1, is_beside_another}};
}

Milliseconds Sends::taken(const Send& send, ByteCount size, Time now) {
  const std::uint64_t kept = 2 * limits.serving.small_send_buffer.value;  // the kernel doubles it
  if (size.value <= kept) return {};
  const auto took = std::chrono::duration_cast<Milliseconds>(now - send.place_->at);
  const auto rest = Milliseconds(static_cast<std::uint64_t>(took.count()) * kept / (size.value - kept));
  const Milliseconds of_one = (took + rest) / static_cast<std::int64_t>(send.place_->at_once);
  if (send.place_->is_beside_another) usual_ = (usual_ * 3 + of_one) / 4;
  return std::min(rest, longest_rest);
}

bool Sends::is_busy(Time now) const {
  const std::size_t count = list_->size();
  if (count >= most_) return true;
  if (count > 0 && usual_ * static_cast<std::int64_t>(count + 1) > in_time) return true;
  std::set<std::string_view> hosts;
  for (const Begun& send : *list_) {
    if (now - send.at >= in_time) hosts.insert(send.host);
  }
  return hosts.size() >= long_hosts;
}

}  // namespace shoal::holder
