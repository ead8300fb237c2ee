"""Only the clock asks the machine for the time: whoever waits takes the clock that it is given."""

import re

from .cpp import without_noise

PLACES = {
    "shared/core/clock.hpp", "shared/core/clock.cpp",
    # The clock that libtorrent's own timers go by.
    "shared/swarm/libtorrent/steady_system_clock.cpp",
}
# Beside libtorrent's timers, on a thread on which no Clock can wait.
TIMERS_OF_THE_SWARM = {"shared/swarm/libtorrent/session.cpp"}


def own_clocks(path, text):
    """Uses of the machine's steady clock, under whatever name, and timers that are set by it."""
    pattern = r"\bsteady_clock\b" if path in TIMERS_OF_THE_SWARM else r"\bsteady_clock\b|\bexpires_(?:after|from_now)\b"
    if path in PLACES:
        return
    for number, line in enumerate(without_noise(text).split("\n"), 1):
        for found in re.findall(pattern, line):
            yield f"{path}:{number}: {found}; take the Clock that is given (shared/core/clock.hpp)"
