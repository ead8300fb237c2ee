// Control messages: what agents and trackers say to each other, one message per binary WebSocket frame.
//
// Frame: u8 message type, then the fields in shared/core/codec.hpp's format. Sub-protocol `shoal.v1`. Golden files:
// tests/golden/control. The two directions are two types, so that the compiler knows what each side may say and each
// side handles every message that it can receive. A receiver skips types that it does not know.
#pragma once

#include <variant>

#include "shared/control/agent_messages.hpp"
#include "shared/control/tracker_messages.hpp"

namespace shoal::control {

using AgentMessage = std::variant<Hello, Holds, Join, Progress, Leave, Resolve, Blame, RequestHashes, Lost, Unreachable,
                                  Check>;
using TrackerMessage = std::variant<Welcome, Joined, Refused, Peers, Serve, Restart, Hashes, Finished, Resolved,
                                    Prefetch, Evict, Ban, Waiting, Checked>;

Bytes encode(const AgentMessage& message);
Bytes encode(const TrackerMessage& message);

// Both: `refused` for a type that this version does not know (skip it), `corrupt` for a frame that does not parse
// (close the connection).
// For the tracker. A type of the other direction is `corrupt`: no agent says it.
Result<AgentMessage> decode_agent_message(ByteView frame);
// For the agent. A type of the other direction is `refused`: the agent skips it and goes on.
Result<TrackerMessage> decode_tracker_message(ByteView frame);

}  // namespace shoal::control
