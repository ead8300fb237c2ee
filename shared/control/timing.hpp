// The time budget: every duration that two processes must agree on, and how they compare.
//
// Each comment says which side waits for which. The side that waits gives up later than the side that it waits for: it
// receives an answer instead of a silence. A duration that matters to one process alone stands beside its code; the two
// sides of the holder protocol have theirs in shared/holder/limits.hpp.
// Threads: any.
#pragma once

#include "shared/core/units.hpp"

namespace shoal::control::timing {

// ---- A pull whose origin does not answer, from the outside inwards.

// A runtime waits for an agent's response head: containerd's and Docker's client give up then.
inline constexpr Milliseconds runtime_head{30'000};
// An agent sends a blob's head at the latest then, when no manifest has named the size.
inline constexpr Milliseconds first_byte{20'000};
// An agent's own fetch waits for a free place at the origin while the size is unknown.
inline constexpr Milliseconds origin_turn{20'000};
// An agent waits for the origin's response head, once it asks the origin itself.
inline constexpr Milliseconds origin_head{5'000};
// An agent waits for a tracker that sends `Waiting`. Then it asks the origin itself.
inline constexpr Milliseconds origin_wait{15'000};
// A tracker asks an origin that does not answer again for so long. Then it sends `Refused`.
inline constexpr Milliseconds keep_asking{10'000};
// An agent waits for `Joined`, `Refused` or `Waiting` after its `Join`.
inline constexpr Milliseconds join_answer{5'000};
// A tracker's question for a tag waits for an earlier one of the same tag, of other agents.
inline constexpr Milliseconds tag_turn{1'000};
// Agents that ask for a tag wait for the origin, HEAD and GET. Then `Resolved` says that it has not answered.
inline constexpr Milliseconds tag_question{8'000};
// An agent waits for `Resolved`. A silent tracker is suspected long before.
inline constexpr Milliseconds resolve_answer{12'000};
// Agents that ask whether an origin has a layer wait for it, HEAD and GET. Then `Checked` says that it has not answered.
inline constexpr Milliseconds check_question{8'000};
// An agent waits for `Checked`. A silent tracker is suspected long before.
inline constexpr Milliseconds check_answer{10'000};
// An agent waits for the bytes of a swarm whose tracker is connected and sends no `Waiting`.
inline constexpr Milliseconds swarm_silence{5'000};
// A tracker repeats `Waiting`, and looks after its swarms.
inline constexpr Milliseconds tick{1'000};
// A tracker waits for the origin before the first `Waiting`. Below a tick, so that the first tick after it counts.
inline constexpr Milliseconds first_waiting{900};

static_assert(first_byte < runtime_head, "the runtime must receive the head in time");
static_assert(origin_turn < runtime_head, "the runtime must receive an error in time");
static_assert(origin_wait < first_byte, "the agent must have time to ask the origin itself");
static_assert(origin_wait + origin_head < runtime_head, "the origin's answer must reach the runtime in time");
static_assert(keep_asking < origin_wait, "the agent must receive from the tracker how the origin failed");
static_assert(join_answer < keep_asking, "an agent must not wait for a silent tracker as for a silent origin");
static_assert(resolve_answer + origin_head < runtime_head, "the origin's answer must reach the runtime in time");
static_assert(tag_turn + tag_question < resolve_answer, "an agent must not ask an origin itself that the tracker waits for");
static_assert(check_question < check_answer, "the agent must receive from the tracker how the origin failed");
static_assert(check_answer + origin_head < runtime_head, "the origin's answer must reach the runtime in time");
static_assert(first_waiting < tick, "a fetch that has waited since the last tick must be reported at this one");
static_assert(2 * tick + first_waiting < join_answer, "one lost or late Waiting must not end a join");
static_assert(2 * tick + first_waiting < swarm_silence, "one lost or late Waiting must not end an attempt");

// ---- An origin that cannot be reached, or that limits its requests.

// A TCP connection to a registry, once its name is resolved: SYNs are repeated within. Then agents hear `Refused` and
// ask the registry themselves: they must not lose more than a second.
inline constexpr Milliseconds origin_connection{800};
// Agents that the tracker refuses because it cannot reach a registry turn there spread over so long: hardly noticed.
inline constexpr Milliseconds unreachable_spread{20};
// A tracker's question for a tag waits for its turn. Then `Resolved` says that the registry limits its requests.
inline constexpr Milliseconds paced_question{4'000};
// A tracker's request for a layer waits for its turn.
inline constexpr Milliseconds paced_layer{60'000};
// An agent waits for a tracker whose `Waiting` says so: without a named size its caller has no head yet, else it has.
inline constexpr Milliseconds paced_head{25'000};
inline constexpr Milliseconds paced_body{70'000};

static_assert(origin_connection < first_waiting, "an agent must receive Refused before it is told to wait");
static_assert(paced_question < check_question, "the agent must receive from the tracker that the registry limits it");
static_assert(paced_question < tag_question, "an agent must not ask a registry itself that limits the tracker");
static_assert(paced_head < runtime_head, "the runtime must receive an error in time");
static_assert(paced_layer < paced_body, "the agent must receive from the tracker how the origin failed");

// ---- A layer that one agent fetches with its caller's credential, which the tracker does not see.

// A tracker lets one agent fetch for so long while others wait, then the next one too: a layer of 10 GB at 100 MB/s.
inline constexpr Milliseconds own_fetch{120'000};
// An agent waits for it: a caller that has its head waits longer than that; without a named size it waits paced_head.
inline constexpr Milliseconds own_fetch_wait{130'000};

static_assert(own_fetch < own_fetch_wait, "an agent must be let in itself before it gives up");

// ---- A control connection that breaks.

// An agent waits for `Welcome` on a new connection.
inline constexpr Milliseconds welcome{5'000};
// An agent's longest pause between two connections. All agents come back at once after a restart of their tracker:
// 10,000 plain connections took 1.2 s. Over TLS this has to be longer.
inline constexpr Milliseconds longest_reconnect_pause{2'000};
// An agent waits for the bytes of a swarm while no tracker is connected: a restarted tracker is back by then.
inline constexpr Milliseconds return_of_tracker{8'000};
// While a pull waits for a tracker that says nothing: an agent sends a ping after this time, and again so often.
inline constexpr Milliseconds first_ping{250};
inline constexpr Milliseconds ping_again{1'000};
// An agent waits for the answer to a ping, or for anything else. A tracker answers within a round trip, however long it
// waits for an origin; a lost packet costs 0.2 to 0.6 s more.
inline constexpr Milliseconds pong{500};
// The whole silence, when small layers come slowly to an agent: a tracker's answer waits behind them where links are
// full. At 4 Mbit/s a queue of 512 KiB is a second; agents that did not wait for it asked the origin.
inline constexpr Milliseconds silent_when_receiving{1'750};
// Then the tracker is suspected, and all pulls do without it. An agent closes the connection after such a silence.
inline constexpr Milliseconds longest_suspicion{10'000};
// A tracker keeps the swarms and the addresses of an agent whose connection broke.
inline constexpr Milliseconds keep_after_drop{15'000};
// An agent repeats a `Leave` on each new connection for so long: the message may have been lost with the old one.
inline constexpr Milliseconds repeat_leaves{60'000};

static_assert(ping_again + pong < Milliseconds(2'000), "a silent tracker must be noticed within 2 s");
static_assert(silent_when_receiving < Milliseconds(2'000), "a silent tracker must be noticed within 2 s");
static_assert(silent_when_receiving > first_ping + pong, "a full link must give a tracker more time");
static_assert(ping_again + pong < swarm_silence, "a pull must know that its tracker is silent before it leaves the swarm");
static_assert(ping_again + pong < join_answer, "a tracker must be suspected before a join is given up");
static_assert(ping_again < longest_suspicion, "a suspected tracker must be pinged before it is given up");
static_assert(longest_reconnect_pause + welcome < return_of_tracker, "an agent must be back before it leaves its swarms");
static_assert(longest_reconnect_pause + welcome < keep_after_drop, "an agent must be back before the tracker drops it");
static_assert(keep_after_drop < repeat_leaves, "the tracker must receive a Leave, or have dropped the agent");

// ---- Pieces and their hashes.

// A tracker signs the hashes of the pieces that it has read from the origin.
inline constexpr Milliseconds hash_batch{100};
// An agent keeps a piece whose signed hash has not arrived. Then it drops the piece.
inline constexpr Milliseconds hash_wait{3'000};

static_assert(10 * hash_batch < hash_wait, "a hash must arrive before its piece is dropped, on a slow link too");

// ---- Bans.

// A ban lasts so long, at agents and at trackers: a broken machine is replaced meanwhile.
inline constexpr Milliseconds ban{3'600'000};

}  // namespace shoal::control::timing
