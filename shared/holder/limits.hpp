// The limits of both sides of the holder protocol. The serving side answers before the asking side gives up.
//
// Threads: any.
#pragma once

#include "shared/core/units.hpp"
#include "shared/origin/origin.hpp"

namespace shoal::holder {

// The largest layer that a request for a small layer gets: manifests may be as large.
inline constexpr ByteCount largest_small = origin::largest_manifest;

struct Limits {
  struct Serving {
    Milliseconds size{1'500};      // until the size of an arriving small layer is known, and the head can be sent
    // From there until all bytes of an arriving small layer are verified: on links that are full each node on its way
    // takes seconds. Whoever waits meanwhile takes it from any node that is idle.
    Milliseconds arriving{20'000};
    std::size_t held_at_once = 4;  // held layers sent at once: one for each serve thread, so that none waits for another
    // Small layers that are being sent, above which a hedged request is refused whatever the link (sends.hpp tells of
    // one that is full): so it takes only what is idle.
    std::size_t small_when_hedged = 8;
    // For a small layer; the kernel doubles it. With more, the layers that are on their way to a few nodes fill the queue
    // of a slow link for a second, and all other messages wait behind them. TCP begins with a quarter of it.
    ByteCount small_send_buffer = 32_KiB;
  } serving;

  struct Small {  // asked by an agent
    Milliseconds connect{2'000};
    Milliseconds head{2'000};  // the serving node sends it at once: a later one means that the node is gone
    // Without a byte: twelve nodes that pass twelve layers of 250 KiB on to each other over links of 4 Mbit/s wait up to
    // 10 s for one. With 2 s they turned to the tracker all at once, and then to the origin: 12 copies left it.
    Milliseconds silence{22'000};
    std::uint64_t slowest_bytes_per_millisecond = 100;  // a slower node is given up
    // For the tracker, asked again after all others failed: its link may be slow, and the origin is the next source.
    Milliseconds patient{8'000};
  } small;

  struct Held {                     // asked by a tracker
    Milliseconds connect{1'000};    // a network may not let the tracker reach agents: the origin waits behind
    Milliseconds head{2'000};       // the layer is held: nothing has to arrive first
    Milliseconds silence{2'000};    // likewise for further bytes
    Milliseconds trickle{5'000};    // 512 KiB in 5 s are 100 KiB/s: the whole cluster waits for this one agent, and
    ByteCount least = 512_KiB;      // the next source goes on from the same byte
  } held;
};
inline constexpr Limits limits{};

static_assert(limits.serving.size < limits.small.head, "the head of an arriving layer must come in time");
static_assert(limits.serving.arriving < limits.small.silence, "the bytes of an arriving layer must come in time");
static_assert(limits.small.patient > limits.small.head, "the last request must wait longer than the first ones");

}  // namespace shoal::holder
