"""Whether the machine was the bottleneck: then a run says nothing of the systems on it, and is void.

Two witnesses: the share of all CPU time that was used, whoever used it, and a control pair, one TCP transfer on a shaped
link of its own that has nothing to do with the rollout and must not feel it. The links are a third, before the run.
"""

from .topology import Flow

BUSIEST_CPU_SHARE = 0.8
CONTROL_TOLERANCE = 0.02
CONTROL_RATE = 2_000_000  # bytes per second: some 2 % of one CPU
_LEAST_BYTES = 2_000_000  # a second's: in less, when a segment arrives matters
_SOLO_SETTLE_SECONDS = 0.5
_SOLO_SECONDS = 3.0


def reasons_void(cpu_share, solo_rate, control_rate, wrong_links=()):
    """Why a run is void, one line each; empty when it counts. `control_rate` None: too short to tell."""
    reasons = []
    if cpu_share > BUSIEST_CPU_SHARE:
        reasons.append(f"the CPUs were {cpu_share:.0%} busy, over {BUSIEST_CPU_SHARE:.0%}")
    if control_rate is None:
        reasons.append("too short for the control pair to tell whether the machine was fast enough")
    elif abs(control_rate - solo_rate) > CONTROL_TOLERANCE * solo_rate:
        reasons.append(f"the control pair ran at {control_rate / solo_rate:.1%} of its solo rate")
    return reasons + [trial.text() for trial in wrong_links]


NOT_TRIED = "neither the links nor the machine were tried"


class NoControlPair:
    """In its place, where nothing is tried."""

    solo_rate = None

    def rate(self, _start, _end):
        return None

    def stop(self):
        """There is nothing."""


class ControlPair:
    """The witness: `solo` before the run, then it goes on during the run."""

    def __init__(self, network):
        self._flow = Flow(network.add("control-a", CONTROL_RATE), network.add("control-b", CONTROL_RATE))
        self.solo_rate = self._flow.rate(_SOLO_SETTLE_SECONDS, _SOLO_SECONDS, 1)

    def rate(self, start, end):
        """During an interval of the monotonic clock; None when that was too short."""
        return self._flow.rate_between(start, end, _LEAST_BYTES)

    def stop(self):
        self._flow.stop()
