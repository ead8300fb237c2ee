"""How far two runs of the same cells agree: whoever repeats a benchmark wants to know that before all else."""

import dataclasses

from .results import FIGURES

CLOSE = 0.05
# What is compared, and below which difference two medians are the same whatever their share: what a clock tick, the 50 ms
# between two looks of a client, or a single packet can make.
_FINEST = {"makespan_seconds": 0.05, "p50_seconds": 0.05, "p90_seconds": 0.05, "p99_seconds": 0.05, "max_seconds": 0.05,
           "first_byte_p50_seconds": 0.05, "origin_multiple": 0.01, "hub_multiple": 0.01, "overhead": 0.01,
           "machine_cpu_seconds_per_gib": 0.5}
assert set(_FINEST) <= set(FIGURES)


@dataclasses.dataclass(frozen=True)
class Difference:
    """One median in two runs."""

    scenario: str
    mode: str
    figure: str
    before: float
    now: float

    @property
    def share(self):
        """Of the smaller one; 0 when they cannot be told apart."""
        apart = abs(self.now - self.before)
        return 0.0 if apart <= _FINEST[self.figure] else apart / max(min(self.now, self.before), _FINEST[self.figure])

    def text(self):
        return f"{self.scenario}, {self.mode}: {self.figure} {self.before:.2f}, then {self.now:.2f} ({self.share:.0%})"


def differences(before, now):
    """The Differences between two lists of results, over cells that count in both."""
    earlier = {(result["scenario"], result["mode"]): result for result in before if not result["void"]}
    found = []
    for result in now:
        other = earlier.get((result["scenario"], result["mode"]))
        if other is None or result["void"]:
            continue
        found += [Difference(result["scenario"], result["mode"], figure, other[figure], result[figure]) for figure in _FINEST
                  if other[figure] is not None and result[figure] is not None]
    return found


def agreement_lines(before, now):
    """For a reader: how many medians agree, and each that does not."""
    compared = differences(before, now)
    apart = sorted((each for each in compared if each.share > CLOSE), key=lambda each: -each.share)
    head = f"{len(compared) - len(apart)} of {len(compared)} medians within {CLOSE:.0%} of the run before"
    return [f"{head}{'; farther apart:' if apart else ''}"] + [f"* {each.text()}" for each in apart]
